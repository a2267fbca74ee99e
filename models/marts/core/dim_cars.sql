select * from {{ ref('int_cars') }}

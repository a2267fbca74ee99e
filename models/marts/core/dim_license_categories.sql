with license_categories as (
    select * from {{ ref('license_categories') }}
)

select
    license_category_id,
    title
from license_categories

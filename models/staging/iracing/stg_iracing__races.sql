select {{ race_columns() | join(', ') }}
from {{ ref('stg_iracing__races_csv') }}
union all
select {{ race_columns() | join(', ') }}
from {{ ref('stg_iracing__races_json') }}

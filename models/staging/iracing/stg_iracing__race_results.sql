select {{ race_result_columns() | join(', ') }}, line_fault
from {{ ref('stg_iracing__race_results_csv') }}
union all
select {{ race_result_columns() | join(', ') }}, line_fault
from {{ ref('stg_iracing__race_results_json') }}

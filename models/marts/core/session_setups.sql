{{ config(materialized='view') }}

{%- set number = "'^([+-]?[0-9]+(?:[.][0-9]+)?) ?([^0-9 ,;.]*)$'" %}

select
    settings.session_id,
    settings.setting,
    settings.value,
    {{ to_float('(regexp_match(settings.value, ' ~ number ~ '))[1]') }} as value_number,
    nullif((regexp_match(settings.value, {{ number }}))[2], '') as value_unit
from {{ ref('int_telemetry_session_setups') }} as settings

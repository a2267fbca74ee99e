{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    replace_key='session_id',
    replace_key_type='uuid',
    fingerprints='int_telemetry_sessions',
    on_schema_change='append_new_columns',
    post_hook="{{ record_built(ref('int_telemetry_sessions'), 'session_id') }}",
) }}

with samples as (
    select
        session_id,
        file_id,
        out_of_range_channels,
        speed_kph,
        row_number() over (partition by session_id, elapsed_s order by file_id, line_number) as repeat_number
    from {{ ref('fct_telemetry_samples') }}
    where session_id in ({{ changed_keys(ref('int_telemetry_sessions'), 'session_id') }})
)

select
    session_id,
    file_id,
    count(*) as lines_loaded,
    count(out_of_range_channels) as lines_out_of_range,
    count(case when speed_kph is null then 1 end) as lines_without_speed,
    count(case when repeat_number > 1 then 1 end) as lines_repeated
from samples
group by session_id, file_id

{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_sessions',
    pre_hook='{{ find_sessions_by_index() }}',
) }}

with samples as (
    select
        session_id,
        file_rank,
        out_of_range_channels,
        speed_kph,
        row_number() over (partition by session_id, elapsed_s order by file_rank, line_number) as repeat_number
    from {{ ref('int_telemetry_samples') }}
    where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_sessions'), 'session_id')) }}
),

session_files as (
    select * from {{ ref('int_telemetry_session_files') }}
)

select
    samples.session_id,
    session_files.file_id,
    count(*) as lines_loaded,
    count(samples.out_of_range_channels) as lines_out_of_range,
    count(case when samples.speed_kph is null then 1 end) as lines_without_speed,
    count(case when samples.repeat_number > 1 then 1 end) as lines_repeated
from samples
inner join session_files
    on samples.session_id = session_files.session_id and samples.file_rank = session_files.file_rank
group by samples.session_id, session_files.file_id

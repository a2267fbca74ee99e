-- A table, because half a dozen models read it and each would read the head of every file again.
{{ config(materialized='table') }}

{%- set sources = ['stg_telemetry__preamble_sessions', 'stg_telemetry__file_name_sessions',
    'stg_iracing__log_sessions', 'stg_motec__log_sessions', 'stg_lmu__log_sessions', 'stg_aim__log_sessions',
    'stg_telemetry__text_log_sessions'] %}

with files as (
    select * from {{ ref('stg_files__files') }}
    where format_family = 'telemetry'
),

formats as (
    select * from {{ ref('stg_files__formats') }}
),

described as (
    {% for source in sources %}
        select
            {{ aligned(telemetry_session_columns(), source) | indent(12) }}
        from {{ ref(source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    files.file_id,
    -- a lap that simrace exported is of the session it was exported from
    coalesce(
        described.exported_session_id,
        cast(
            {{ md5_of_names(
                "coalesce(described.log_key, files.source_format || '|' || coalesce(files.text_id, files.file_id))"
            ) }} as uuid
        )
    ) as session_id,
    files.source_format,
    coalesce(writers.sim, formats.sim) as sim,
    described.driver_id,
    described.car_id,
    described.event_session_id,
    described.driver_name,
    described.car_name,
    described.track_name,
    described.session_type,
    described.device,
    writers.writer,
    described.lap_range,
    described.beacon_markers,
    described.start_line_deg,
    case when described.logged_at is not null then 'file' else 'file_modified' end as session_started_at_source,
    coalesce(described.sample_rate_hz, formats.default_sample_rate_hz) as sample_rate_hz,
    coalesce(described.start_time_s, 0) as start_time_s,
    case when described.stated_lap_time_s between 0.001 and 86400 then described.stated_lap_time_s end
        as stated_lap_time_s,
    described.skies,
    described.setup_name,
    described.air_temp_c,
    described.track_temp_c,
    described.fuel_capacity_l,
    described.irating,
    described.is_setup_fixed,
    described.exported_session_id is not null as is_exported,
    coalesce(described.logged_at, files.modified_at) as session_started_at,
    files.modified_at
from files
inner join formats on files.source_format = formats.source_format
left join described on files.file_id = described.file_id
left join {{ ref('stg_telemetry__writers') }} as writers on files.file_id = writers.file_id

{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_session_channels',
    pre_hook='{{ find_sessions_by_index() }}',
) }}
{#- a number that counts laps or holds flags has no mean -#}
{%- set channels = var('telemetry_channels') | reject('in', ['lap_number', 'session_flags']) | list %}
{%- set math = math_channels('samples') %}

with samples as (
    select * from {{ ref('int_telemetry_samples') }}
    where session_id = any(array({{ changed_keys(ref('int_telemetry_session_channels'), 'session_id') }}))
),

laps as (
    select * from {{ ref('int_telemetry_laps_segmented') }}
    where session_id = any(array({{ changed_keys(ref('int_telemetry_session_channels'), 'session_id') }}))
),

starts as (
    select
        session_id,
        array_agg(lap_number order by started_elapsed_s) as lap_numbers,
        array_agg(started_elapsed_s order by started_elapsed_s) as starts_s,
        array_agg(ended_elapsed_s + last_sample_s order by started_elapsed_s) as ends_s,
        max(session_started_at) as session_started_at
    from laps
    group by session_id
),

placed as (
    select
        samples.*,
        {% for channel in math -%}
            {{ channel.sql }} as math_{{ loop.index }},
        {% endfor -%}
        starts.lap_numbers,
        starts.ends_s,
        {{ bucket_of('samples.elapsed_s', 'starts.starts_s') }} as place
    from samples
    inner join starts on samples.session_id = starts.session_id
),

measured as (
    select
        session_id,
        lap_numbers[place] as lap_number,
        {% for channel in channels -%}
            {%- set value = 'cast(' ~ channel ~ ' as integer)'
                if var('telemetry_channels')[channel].type == 'boolean' else channel -%}
            min({{ value }}) as {{ channel }}_min,
            avg({{ value }}) as {{ channel }}_mean,
            max({{ value }}) as {{ channel }}_max,
        {% endfor -%}
        {% for channel in math -%}
            min(math_{{ loop.index }}) as {{ channel.channel }}_min,
            avg(math_{{ loop.index }}) as {{ channel.channel }}_mean,
            max(math_{{ loop.index }}) as {{ channel.channel }}_max,
        {% endfor -%}
        max(session_started_at) as session_started_at
    from placed
    -- a row past the line at the end of the file is in no lap
    where elapsed_s <= ends_s[place]
    group by session_id, lap_numbers[place]
)

select
    measured.session_id,
    measured.lap_number,
    statistics.channel,
    cast(statistics.lowest as numeric(18, 6)) as minimum,
    cast(statistics.mean as numeric(18, 6)) as mean,
    cast(statistics.highest as numeric(18, 6)) as maximum,
    measured.session_started_at
from measured
cross join
    lateral (
        values
        {% for channel in channels + math | map(attribute='channel') | list -%}
            (
                '{{ channel }}',
                cast(measured.{{ channel }}_min as double precision),
                cast(measured.{{ channel }}_mean as double precision),
                cast(measured.{{ channel }}_max as double precision)
            ){{ ',' if not loop.last }}
        {% endfor -%}
    ) as statistics (channel, lowest, mean, highest)
where statistics.mean is not null

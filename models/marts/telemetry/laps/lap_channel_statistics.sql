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
{%- set rows = [] -%}
{%- for channel in channels + math | map(attribute='channel') | list -%}
    {%- set row = ["'" ~ channel ~ "'"] -%}
    {%- for figure in ['min', 'mean', 'max'] -%}
        {%- do row.append('cast(measured.' ~ channel ~ '_' ~ figure ~ ' as ' ~ type_double() ~ ')') -%}
    {%- endfor -%}
    {%- do rows.append(row) -%}
{%- endfor %}

with samples as (
    select * from {{ ref('int_telemetry_samples') }}
    where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_session_channels'), 'session_id')) }}
),

laps as (
    select * from {{ ref('int_telemetry_laps_segmented') }}
    where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_session_channels'), 'session_id')) }}
),

starts as (
    select
        session_id,
        {{ ordered_list('lap_number', ['started_elapsed_s']) }} as lap_numbers,
        {{ ordered_list('started_elapsed_s', ['started_elapsed_s']) }} as starts_s,
        {{ ordered_list('ended_elapsed_s + last_sample_s', ['started_elapsed_s']) }} as ends_s,
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
        {{ item_at('lap_numbers', 'place') }} as lap_number,
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
    where elapsed_s <= {{ item_at('ends_s', 'place') }}
    group by session_id, {{ item_at('lap_numbers', 'place') }}
)

select
    measured.session_id,
    measured.lap_number,
    statistics.channel,
    {{ fixed('statistics.lowest', 18, 6) }} as minimum,
    {{ fixed('statistics.mean', 18, 6) }} as mean,
    {{ fixed('statistics.highest', 18, 6) }} as maximum,
    measured.session_started_at
from measured
cross join
    lateral
    {{ listed_rows(rows, ['channel', 'lowest', 'mean', 'highest']) }}
        as statistics (channel, lowest, mean, highest)
where statistics.mean is not null

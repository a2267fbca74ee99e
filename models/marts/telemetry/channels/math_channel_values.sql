{{ config(materialized='view') }}

-- One part a channel: PostgreSQL leaves out those that nobody asks for.
{% for math in math_channels('samples') -%}
    select
        samples.session_id,
        samples.elapsed_s,
        '{{ math.channel }}' as channel,
        {{ math.sql }} as value,
        samples.session_started_at
    from {{ ref('int_telemetry_samples') }} as samples
    {% if not loop.last %}union all{% endif %}
{% else -%}
    select
        session_id,
        elapsed_s,
        cast(null as text) as channel,
        elapsed_s as value,
        session_started_at
    from {{ ref('int_telemetry_samples') }}
    where false
{%- endfor %}

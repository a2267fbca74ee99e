{% set channels = var('telemetry_channels') %}

-- For each block of the clock those of the other channels are found by index, so that few are in memory at once. Each
-- subquery uses what the inner one computed once. None is a CTE, which PostgreSQL would not compute in parallel.
with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
)

select
    block_file_id as file_id,
    line_number,
    elapsed_s,
    {{ canonical_sample(channels) }}
from (
    select
        spans.block_file_id,
        spans.first_line + samples.sample as line_number,
        {{ log_clock('spans', 'samples.sample', value_of_sample('spans', 'elapsed_s')) }} as elapsed_s,
        {% for channel, kind in channels.items() -%}
            {% set value = value_of_sample('spans', channel, kind)
                ~ ' * spans.' ~ channel ~ '_factor + spans.' ~ channel ~ '_offset' -%}
            {% set rounded_value = half_even('(' ~ value ~ ') * 1e6') ~ ' / 1e6' if kind.no_value else value -%}
            {{ without_no_value(rounded_value, channel, kind) }}
                as measured_{{ channel }},
        {% endfor -%}
        {{ computed_once() }}
    from (
        {{ blocks_of_logs(channels) }}
    ) as spans
    cross join lateral {{ samples_of_logs('spans', channels) }}
) as measured

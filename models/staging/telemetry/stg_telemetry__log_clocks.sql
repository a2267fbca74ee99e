{% set read_channels = ['elapsed_s', 'lap_number', 'lat_deg', 'lon_deg', 'fault'] %}

with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
)

select
    spans.block_file_id as file_id,
    spans.first_line + samples.sample as line_number,
    {{ log_clock('spans', 'samples.sample') }} as elapsed_s,
    -- while iRacing puts the car elsewhere, all that belongs to the car is 0
    coalesce(
        spans.source_format = 'iracing_ibt'
        and spans.lap_number_values[samples.sample + 1] = 0
        and spans.lat_deg_values[samples.sample + 1] = 0
        and spans.lon_deg_values[samples.sample + 1] = 0,
        false
    ) as is_reset,
    cast(spans.fault_values[samples.sample + 1] as integer) as fault_number
from (
    select
        plans.source_format,
        plans.sample_rate_hz,
        plans.start_time_s,
        plans.part_first_lines,
        plans.part_offsets_s,
        plans.first_data_line,
        plans.elapsed_s_position,
        plans.elapsed_s_factor,
        plans.elapsed_s_offset,
        clocks.file_id as block_file_id,
        cast(clocks.first_sample + 1 as integer) as first_line,
        cardinality({{ block_numbers('clocks') }}) as sample_count,
        measured.*
    from {{ ref('stg_files__channel_blocks') }} as clocks
    inner join plans on clocks.file_id = plans.file_id and clocks.channel_number = plans.clock_channel_number
    cross join lateral (
        select
            {{ each_channel(
                read_channels, 'max(numbers) filter (where channel_number = plans.{}_position) as {}_values'
            ) }}
        from (
            select
                blocks.channel_number,
                {{ block_numbers('blocks') }} as numbers
            from {{ ref('stg_files__channel_blocks') }} as blocks
            where
                blocks.file_id = clocks.file_id
                and blocks.block_number = clocks.block_number
                and blocks.channel_number in ({{ each_channel(read_channels, 'plans.{}_position') }})
        ) as of_channels
    ) as measured
) as spans
cross join lateral generate_series(0, spans.sample_count - 1) as samples (sample)

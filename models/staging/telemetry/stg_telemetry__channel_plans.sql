{{ config(materialized='incremental', key='file_id', fingerprints='stg_telemetry__channel_inputs') }}

with files as (
    select * from {{ ref('stg_files__files') }}
    where file_id in ({{ changed_keys(ref('stg_telemetry__channel_inputs'), 'file_id') }})
),

sessions as (
    select * from {{ ref('stg_telemetry__sessions') }}
),

channels as (
    select channels.* from {{ ref('stg_telemetry__channels') }} as channels
    inner join files on channels.file_id = files.file_id
),

-- the first data lines show decimal commas, between other separators or inside quotes
decimals as (
    select
        files.file_id,
        bool_or(
            case
                when files.delimiter <> ',' then lines.line ~ '[0-9],[0-9]'
                when files.quoting = 'all' then lines.line ~ '"-?[0-9]+,[0-9]+"'
                else false
            end
        ) as decimal_comma
    from files
    inner join {{ ref('stg_files__blocks') }} as blocks on files.file_id = blocks.file_id and blocks.block_number = 1
    cross join lateral string_to_table(blocks.lines, chr(10)) with ordinality as lines (line, line_number)
    where lines.line_number >= files.first_data_line
    group by files.file_id
),

-- a text that is read as a log says which of its rows are broken
faults as (
    select
        logged.file_id,
        cast(max(logged.channel_number) as integer) as fault_position
    from {{ ref('stg_files__channels') }} as logged
    inner join files on logged.file_id = files.file_id
    where logged.details ->> 'role' = 'fault'
    group by logged.file_id
),

-- A log is told by the clock of one channel: its own clock, else what is driven, which all traces are made of. Sensors
-- of an engine may be faster, and would make many rows of each.
clocks as (
    select
        file_id,
        coalesce(times_channel, column_position) as clock_channel_number,
        times_channel,
        sample_rate_hz,
        sample_count,
        row_number() over (
            partition by file_id
            order by
                case
                    when canonical_channel = 'elapsed_s' then 1
                    when canonical_channel in ('speed_kph', 'throttle_ratio', 'brake_ratio', 'steering_deg') then 2
                    else 3
                end asc,
                sample_rate_hz desc,
                sample_count desc,
                column_position asc
        ) as clock_rank
    from channels
    where is_used and sample_rate_hz is not null
),

-- most logs have one clock from their start to their end, and nothing to look up at each sample
clock_parts as (
    select
        file_id,
        cast(array_agg(first_line order by first_line) as text) as part_first_lines,
        cast(array_agg(clock_offset_s order by first_line) as text) as part_offsets_s
    from {{ ref('stg_iracing__log_parts') }}
    group by file_id
    having max(clock_offset_s) > 0
),

-- what has times of its own, and all else where the clock has them, is laid on it by the time
placed as (
    select
        channels.*,
        clocks.clock_channel_number,
        clocks.times_channel as clock_times_channel,
        clocks.sample_rate_hz as clock_rate_hz,
        clocks.sample_count as clock_sample_count,
        channels.is_used
        and clocks.clock_channel_number is not null
        and channels.canonical_channel <> 'elapsed_s'
        and coalesce(channels.times_channel, 0) <> coalesce(clocks.times_channel, 0) as is_timed
    from channels
    left join clocks on channels.file_id = clocks.file_id and clocks.clock_rank = 1
),

{%- set rate_hz = 'case when not channels.is_timed then nullif(channels.sample_rate_hz, channels.clock_rate_hz) end' %}

columns_used as (
    select
        channels.file_id,
        max(channels.column_position) as column_count,
        max(channels.clock_channel_number) as clock_channel_number,
        max(channels.clock_times_channel) as clock_times_channel,
        max(channels.clock_rate_hz) as sample_rate_hz,
        max(channels.clock_sample_count) as clock_sample_count,
        cast(
            array_agg(channels.column_position order by channels.column_position) filter (where channels.is_timed)
            as text
        ) as timed_channels,
        {% for channel in ['elapsed_s'] + (var('telemetry_channels') | list) -%}
            {%- set uses = "filter (where channels.is_used and channels.canonical_channel = '" ~ channel ~ "')" -%}
            max(channels.column_position) {{ uses }} as {{ channel }}_position,
            max(channels.factor) {{ uses }} as {{ channel }}_factor,
            max(channels.offset_value) {{ uses }} as {{ channel }}_offset,
            max({{ rate_hz }}) {{ uses }} as {{ channel }}_rate_hz,
        {% endfor -%}
        string_agg(
            concat_ws(
                ',', channels.canonical_channel, channels.column_position, channels.factor, channels.offset_value,
                channels.sample_rate_hz, channels.times_channel
            ), ';'
            order by channels.canonical_channel, channels.column_position
        ) filter (where channels.is_used) as mapping
    from placed as channels
    group by channels.file_id
)

select
    files.file_id,
    files.source_format,
    coalesce(files.first_data_line, 1) as first_data_line,
    files.quoting,
    files.delimiter,
    coalesce(decimals.decimal_comma, false) as decimal_comma,
    replace(
        case when files.quoting = 'all' then '"' || files.delimiter || '"' else files.delimiter end,
        case when decimals.decimal_comma then ',' else '' end,
        '.'
    ) as separator,
    coalesce(columns_used.sample_rate_hz, sessions.sample_rate_hz) as sample_rate_hz,
    sessions.start_time_s,
    clock_parts.part_first_lines,
    clock_parts.part_offsets_s,
    columns_used.column_count,
    columns_used.clock_channel_number,
    columns_used.clock_sample_count,
    columns_used.timed_channels,
    faults.fault_position,
    coalesce(columns_used.elapsed_s_position, columns_used.clock_times_channel) as elapsed_s_position,
    coalesce(columns_used.elapsed_s_factor, case when columns_used.clock_times_channel is not null then 1 end)
        as elapsed_s_factor,
    coalesce(columns_used.elapsed_s_offset, case when columns_used.clock_times_channel is not null then 0 end)
        as elapsed_s_offset,
    columns_used.elapsed_s_rate_hz,
    {% for channel in var('telemetry_channels') -%}
        columns_used.{{ channel }}_position,
        columns_used.{{ channel }}_factor,
        columns_used.{{ channel }}_offset,
        columns_used.{{ channel }}_rate_hz,
    {% endfor -%}
    md5(concat_ws(
        '|', files.first_data_line, files.quoting, files.delimiter, decimals.decimal_comma, sessions.sample_rate_hz,
        sessions.start_time_s,
        clock_parts.part_first_lines,
        clock_parts.part_offsets_s,
        columns_used.column_count,
        columns_used.clock_channel_number,
        columns_used.mapping,
        -- other values may stand in the same places
        files.reading_hash
    )) as input_hash
from files
inner join sessions on files.file_id = sessions.file_id
inner join columns_used on files.file_id = columns_used.file_id
left join clock_parts on files.file_id = clock_parts.file_id
left join decimals on files.file_id = decimals.file_id
left join faults on files.file_id = faults.file_id

{{ config(materialized='incremental', key='file_id', fingerprints='stg_telemetry__channel_inputs') }}

with files as (
    select * from {{ ref('stg_files__files') }}
    where file_id in ({{ changed_keys(ref('stg_telemetry__channel_inputs'), 'file_id') }})
),

sessions as (
    select * from {{ ref('stg_telemetry__sessions') }}
),

-- the times of the rows of a text are its clock, whatever its columns are called
mapping as (
    select
        source_format,
        source_channel,
        source_unit,
        canonical_channel,
        factor,
        offset_value,
        priority,
        only_device,
        except_device
    from {{ ref('stg_telemetry__known_channels') }}
    union all
    select
        '(clock)' as source_format,
        'clock' as source_channel,
        's' as source_unit,
        'elapsed_s' as canonical_channel,
        1 as factor,
        0 as offset_value,
        0 as priority,
        null as only_device,
        null as except_device
),

names as (
    select * from {{ ref('stg_files__header_cells') }}
    where is_name
),

units as (
    select * from {{ ref('stg_files__header_cells') }}
    where is_unit
),

channels as (
    select
        names.file_id,
        files.source_format,
        files.quoting,
        files.delimiter,
        files.first_data_line,
        names.cell_number as column_position,
        coalesce(names.cell, '') as source_channel,
        coalesce(units.cell, '') as source_unit,
        cast(null as text) as description,
        cast(null as text) as value_type,
        cast(null as double precision) as sample_rate_hz,
        cast(null as bigint) as sample_count,
        cast(null as integer) as times_channel,
        cast(1 as double precision) as raw_divisor,
        cast(0 as double precision) as raw_shift,
        cast(1 as double precision) as raw_multiplier,
        cast(null as text) as channel_role
    from names
    inner join files on names.file_id = files.file_id
    left join units on names.file_id = units.file_id and names.cell_number = units.cell_number
    union all
    select
        logged.file_id,
        files.source_format,
        files.quoting,
        files.delimiter,
        files.first_data_line,
        cast(logged.channel_number as integer) as column_position,
        trim(logged.channel_name) as source_channel,
        trim(logged.unit) as source_unit,
        logged.description,
        -- the bits of an unsigned number stand in a signed one
        case when logged.details ->> 'type' in ('bitfield', 'UINTEGER') then 'uint4' else logged.value_type end
            as value_type,
        logged.sample_rate_hz,
        logged.sample_count,
        cast(logged.times_channel as integer) as times_channel,
        -- MoTeC: (raw / scale x 10^-decimals + shift) x multiplier, where 0 stands for 1; no logger has 30 decimals
        case
            when abs({{ log_detail('decimals', 0) }}) <= 30
                then {{ log_detail('scale', 1) }} * power(10, {{ log_detail('decimals', 0) }})
        end as raw_divisor,
        {{ log_detail('shift', 0) }} as raw_shift,
        {{ log_detail('multiplier', 1) }} as raw_multiplier,
        logged.details ->> 'role' as channel_role
    from {{ ref('stg_files__channels') }} as logged
    inner join files on logged.file_id = files.file_id
    -- the times of samples are no channel of the car, but for those of the rows of a text, which are its clock
    where
        case
            when logged.details ->> 'role' is not null then logged.details ->> 'role' = 'clock'
            else logged.times_channel is distinct from logged.channel_number
        end
),

matched as (
    select
        channels.*,
        mapping.canonical_channel,
        channels.raw_multiplier / channels.raw_divisor * mapping.factor as factor,
        channels.raw_shift * channels.raw_multiplier * mapping.factor + mapping.offset_value as offset_value,
        mapping.priority,
        count(*) over (partition by channels.file_id, mapping.canonical_channel) as sources,
        row_number() over (
            partition by channels.file_id, mapping.canonical_channel order by mapping.priority, channels.column_position
        ) as source_number,
        -- a row for the device or the writer is meant before one for all
        row_number() over (
            partition by channels.file_id, channels.column_position
            order by
                {{ blank_to_null('mapping.only_device') }} is null,
                mapping.priority,
                mapping.canonical_channel,
                mapping.factor,
                mapping.offset_value
        ) as mapping_rank
    from channels
    inner join sessions on channels.file_id = sessions.file_id
    left join mapping
        on
            case when channels.channel_role = 'clock' then '(clock)' else channels.source_format end
            = mapping.source_format
            and channels.source_channel = mapping.source_channel
            and channels.source_unit = coalesce(mapping.source_unit, '')
            and (
                {{ blank_to_null('mapping.only_device') }} is null
                or trim(mapping.only_device) in (sessions.device, sessions.writer)
            )
            and coalesce(trim(mapping.except_device) not in (sessions.device, sessions.writer), true)
),

ranked as (
    select
        matched.*,
        row_number() over (
            partition by matched.file_id, matched.canonical_channel
            order by
                case when matched.sources = 1 or first_values.found is not null then 0 else 1 end,
                matched.priority,
                matched.column_position
        ) as source_rank
    from matched
    -- If several columns map to one channel, an empty one must not win. Only these are read, up to the first value, and
    -- of thousands of the same name no more than a logger would write: each is looked for from the first line on.
    left join lateral (
        select 1 as found
        where
            matched.sources > 1
            and matched.source_number <= {{ var('channel_sources_read') }}
            and matched.canonical_channel is not null
            and (
                exists (
                    select 1
                    from {{ ref('stg_files__blocks') }} as blocks
                    cross join
                        lateral string_to_table(blocks.lines, chr(10)) with ordinality as lines (line, line_offset)
                    where
                        blocks.file_id = matched.file_id
                        and blocks.first_line + lines.line_offset - 1 >= matched.first_data_line
                        and trim(
                            split_part(
                                lines.line,
                                case
                                    when matched.quoting = 'all' then '"' || matched.delimiter || '"'
                                    else matched.delimiter
                                end,
                                matched.column_position
                            ),
                            chr(13) || ' "'
                        ) <> ''
                )
                or exists (
                    select 1
                    from {{ ref('stg_files__channel_blocks') }} as blocks
                    cross join lateral unnest({{ block_numbers('blocks') }}) as numbers (number)
                    where
                        blocks.file_id = matched.file_id
                        and blocks.channel_number = matched.column_position
                        and numbers.number <> cast('nan' as double precision)
                )
            )
    ) as first_values on true
    where matched.mapping_rank = 1
)

select
    file_id,
    source_format,
    {{ short_text('source_channel') }} as source_channel,
    {{ short_text('source_unit') }} as source_unit,
    canonical_channel,
    description,
    value_type,
    column_position,
    factor,
    offset_value,
    sample_rate_hz,
    sample_count,
    times_channel,
    raw_divisor,
    raw_shift,
    raw_multiplier,
    canonical_channel is not null and source_rank = 1 as is_used
from ranked

{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    replace_key='file_id',
    fingerprints='stg_telemetry__channel_inputs',
    on_schema_change='sync_all_columns',
    indexes=[{'columns': ['file_id']}],
    post_hook="{{ record_built(ref('stg_telemetry__channel_inputs'), 'file_id') }}",
) }}

with files as (
    select * from {{ ref('stg_files__files') }}
    where file_id in ({{ changed_keys(ref('stg_telemetry__channel_inputs'), 'file_id') }})
),

sessions as (
    select * from {{ ref('stg_telemetry__sessions') }}
),

mapping as (
    select * from {{ ref('telemetry_channels') }}
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
        coalesce(units.cell, '') as source_unit
    from names
    inner join files on names.file_id = files.file_id
    left join units on names.file_id = units.file_id and names.cell_number = units.cell_number
),

matched as (
    select
        channels.*,
        mapping.canonical_channel,
        mapping.factor,
        mapping.offset_value,
        mapping.priority,
        count(*) over (partition by channels.file_id, mapping.canonical_channel) as sources
    from channels
    inner join sessions on channels.file_id = sessions.file_id
    left join mapping
        on
            channels.source_format = mapping.source_format
            and channels.source_channel = mapping.source_channel
            and channels.source_unit = coalesce(mapping.source_unit, '')
            and coalesce({{ blank_to_null('mapping.only_device') }}, sessions.device, '')
            = coalesce(sessions.device, '')
            and coalesce({{ blank_to_null('mapping.except_device') }}, 'none') <> coalesce(sessions.device, '')
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
    -- of several columns for one channel an empty one must not win: only these are looked into, up to their first value
    left join lateral (
        select 1 as found
        from {{ ref('stg_files__blocks') }} as blocks
        cross join lateral string_to_table(blocks.lines, chr(10)) with ordinality as lines (line, line_offset)
        where
            matched.sources > 1
            and matched.canonical_channel is not null
            and blocks.file_id = matched.file_id
            and blocks.first_line + lines.line_offset - 1 >= matched.first_data_line
            and trim(
                split_part(
                    lines.line,
                    case when matched.quoting = 'all' then '"' || matched.delimiter || '"' else matched.delimiter end,
                    matched.column_position
                ),
                chr(13) || ' "'
            ) <> ''
        limit 1
    ) as first_values on true
)

select
    file_id,
    source_format,
    {{ short_text('source_channel') }} as source_channel,
    {{ short_text('source_unit') }} as source_unit,
    canonical_channel,
    column_position,
    factor,
    offset_value,
    canonical_channel is not null and source_rank = 1 as is_used
from ranked

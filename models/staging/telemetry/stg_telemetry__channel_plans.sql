{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    replace_key='file_id',
    fingerprints='stg_telemetry__channel_inputs',
    on_schema_change='sync_all_columns',
    indexes=[{'columns': ['file_id'], 'unique': true}],
    post_hook="{{ record_built(ref('stg_telemetry__channel_inputs'), 'file_id') }}",
) }}

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

-- decimal commas show in the first data lines: alone between separators, or inside quotes
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

columns_used as (
    select
        file_id,
        max(column_position) as column_count,
        {% for channel in ['elapsed_s'] + (var('telemetry_channels') | list) -%}
            max(case when is_used and canonical_channel = '{{ channel }}' then column_position end)
                as {{ channel }}_position,
            max(case when is_used and canonical_channel = '{{ channel }}' then factor end) as {{ channel }}_factor,
            max(case when is_used and canonical_channel = '{{ channel }}' then offset_value end)
                as {{ channel }}_offset,
        {% endfor -%}
        string_agg(
            concat_ws(',', canonical_channel, column_position, factor, offset_value), ';'
            order by canonical_channel, column_position
        ) filter (where is_used) as mapping
    from channels
    group by file_id
)

select
    files.file_id,
    files.first_data_line,
    files.quoting,
    files.delimiter,
    coalesce(decimals.decimal_comma, false) as decimal_comma,
    replace(
        case when files.quoting = 'all' then '"' || files.delimiter || '"' else files.delimiter end,
        case when decimals.decimal_comma then ',' else '' end,
        '.'
    ) as separator,
    sessions.sample_rate_hz,
    sessions.start_time_s,
    columns_used.column_count,
    {% for channel in ['elapsed_s'] + (var('telemetry_channels') | list) -%}
        columns_used.{{ channel }}_position,
        columns_used.{{ channel }}_factor,
        columns_used.{{ channel }}_offset,
    {% endfor -%}
    md5(concat_ws(
        '|', files.first_data_line, files.quoting, files.delimiter, decimals.decimal_comma, sessions.sample_rate_hz,
        sessions.start_time_s,
        columns_used.column_count,
        columns_used.mapping,
        '{{ hash_of_vars(["telemetry_channels", "session_longest_s"]) }}'
    )) as input_hash
from files
inner join sessions on files.file_id = sessions.file_id
inner join columns_used on files.file_id = columns_used.file_id
left join decimals on files.file_id = decimals.file_id

{%- set is_withheld = 
    'lines.lines_refused > 0 and lines.lines_loaded = 0 and lines.lines_superseded = 0 and lines.waits_for is null'
%}

with files as (
    select * from {{ ref('stg_files__files') }}
),

beacon_files as (
    select
        beacons_file_id,
        bool_or(is_newest) as is_used
    from {{ ref('stg_motec__beacon_files') }}
    group by beacons_file_id
),

lines as (
    select
        file_id,
        lines_read,
        lines_loaded,
        lines_superseded,
        lines_refused,
        lines_withheld,
        0 as lines_set_aside,
        cast(null as {{ dbt.type_string() }}) as waits_for,
        false as is_kept
    from {{ ref('int_telemetry_file_lines') }}
    union all
    select
        file_id,
        lines_read,
        lines_loaded,
        lines_superseded,
        lines_refused,
        lines_withheld,
        lines_set_aside,
        waits_for,
        is_kept
    from {{ ref('int_result_file_lines') }}
    union all
    select
        files.file_id,
        files.entry_count as lines_read,
        case when beacon_files.is_used then files.entry_count else 0 end as lines_loaded,
        case when not beacon_files.is_used then files.entry_count else 0 end as lines_superseded,
        0 as lines_refused,
        0 as lines_withheld,
        case when beacon_files.is_used is null then files.entry_count else 0 end as lines_set_aside,
        case
            when beacon_files.is_used is null
                then 'beacons, which wait for the log of the same name in their folder'
        end as waits_for,
        false as is_kept
    from files
    left join beacon_files on files.file_id = beacon_files.beacons_file_id
    where files.format_family = 'markers'
    union all
    -- the line of a layout is no drive
    select
        file_id,
        entry_count as lines_read,
        0 as lines_loaded,
        0 as lines_superseded,
        0 as lines_refused,
        0 as lines_withheld,
        entry_count as lines_set_aside,
        cast(null as {{ dbt.type_string() }}) as waits_for,
        true as is_kept
    from files
    where format_family = 'layouts'
),

-- a log is read by the samples of its clock, not by those of all its channels
plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
),

rejected as (
    select * from {{ ref('int_files_refused_now') }}
    where content_rank = 1
)

select
    files.file_id,
    {{ pseudonym('files.file_name', 'File') }} as file_name,
    files.source_format,
    files.format_family,
    case
        when lines.is_kept then 'kept'
        when lines.waits_for is not null then 'waiting'
        when files.format_family = 'markers' and beacon_files.is_used then 'used'
        when files.format_family = 'markers' then 'superseded'
        when lines.lines_loaded > 0 then 'used'
        when lines.lines_superseded > 0 then 'superseded'
        when files.format_family = 'results' and lines.lines_read = lines.lines_set_aside then 'no_results'
        when lines.lines_refused > 0 then 'withheld'
        else 'no_rows'
    end as state,
    case when {{ is_withheld }} then 'too_many_bad_lines' end as reason,
    case
        when lines.is_kept then 'landed; no mart is made of it yet'
        when lines.waits_for is not null then lines.waits_for
        when {{ is_withheld }}
            then
                lines.lines_refused || ' of ' || (lines.lines_read - lines.lines_set_aside)
                || ' lines are refused, more than a share of '
                || '{{ var("bad_line_share_limit") }}'
    end as detail,
    files.file_bytes,
    coalesce(plans.clock_sample_count, files.entry_count) as entry_count,
    lines.lines_read,
    lines.lines_loaded,
    lines.lines_superseded,
    lines.lines_refused,
    lines.lines_withheld,
    lines.lines_set_aside,
    cast(files.repairs as jsonb) as repairs,
    files.modified_at,
    files.landed_at
from files
inner join lines on files.file_id = lines.file_id
left join beacon_files on files.file_id = beacon_files.beacons_file_id
left join plans on files.file_id = plans.file_id
union all
select
    case
        when rejected.file_bytes = 0 then 'path:' || {{ md5_of_names('rejected.file_path') }}
        else rejected.file_id
    end as file_id,
    {{ pseudonym('rejected.content_name', 'File') }} as file_name,
    cast(null as {{ dbt.type_string() }}) as source_format,
    cast(null as {{ dbt.type_string() }}) as format_family,
    'refused' as state,
    rejected.reason,
    -- a format's name does not name a person
    case
        when rejected.reason = 'known_not_supported' then rejected.detail
        else {{ unless_pseudonymised('rejected.detail') }}
    end as detail,
    rejected.file_bytes,
    cast(null as bigint) as entry_count,
    0 as lines_read,
    0 as lines_loaded,
    0 as lines_superseded,
    0 as lines_refused,
    0 as lines_withheld,
    0 as lines_set_aside,
    cast(null as jsonb) as repairs,
    cast(null as timestamptz) as modified_at,
    cast(null as timestamptz) as landed_at
from rejected

{{ config(
    materialized='incremental',
    key='file_id',
    fingerprints='stg_telemetry__channel_plans',
    pre_hook='{{ read_in_parallel() }}',
) }}

with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
),

-- PostgreSQL pushes a list of files down to the blocks; with a join it would read all lines of all files first
clocks as (
    select
        file_id,
        line_number,
        case
            when coalesce(cell_count <> column_count, true) then 'wrong_number_of_cells'
            when not has_clock then 'no_clock'
        end as fault,
        elapsed_s
    from {{ ref('stg_telemetry__clocks') }}
    where file_id = any(array({{ changed_keys(ref('stg_telemetry__channel_plans'), 'file_id') }}))
    union all
    select
        file_id,
        line_number,
        case when is_reset then 'car_was_reset' end as fault,
        elapsed_s
    from {{ ref('stg_telemetry__log_clocks') }}
    where file_id = any(array({{ changed_keys(ref('stg_telemetry__channel_plans'), 'file_id') }}))
),

-- sort all lines once; only files in which a clock jumps are examined again
whole_lines as (
    select
        file_id,
        line_number,
        elapsed_s,
        elapsed_s <= lag(elapsed_s) over (partition by file_id order by line_number) as is_behind
    from clocks
    where fault is null and abs(elapsed_s) <= {{ var('session_longest_s') }}
),

whole_files as (
    select
        file_id,
        count(*) as lines_whole,
        min(elapsed_s) as first_elapsed_s,
        max(elapsed_s) as last_elapsed_s,
        coalesce(bool_or(is_behind), false) as has_jumps
    from whole_lines
    group by file_id
),

jumping_lines as (
    select
        *,
        max(elapsed_s) over (
            partition by file_id order by line_number rows between unbounded preceding and 1 preceding
        ) as latest_before,
        min(elapsed_s) over (
            partition by file_id order by line_number desc rows between unbounded preceding and 1 preceding
        ) as earliest_after
    from whole_lines
    where
        file_id in (
            select jumping.file_id from whole_files as jumping
            where jumping.has_jumps
        )
),

-- A clock that jumps ahead leaves its own lines later than what follows; one that jumps back, earlier than what stood
-- before. Take the reading that refuses fewer lines of the file: the rest always goes forward.
jumps as (
    select
        file_id,
        count(case when elapsed_s <= latest_before then 1 end) as lines_behind,
        count(case when elapsed_s >= earliest_after then 1 end) as lines_ahead
    from jumping_lines
    group by file_id
),

jumped as (
    select
        jumping_lines.file_id,
        jumping_lines.line_number,
        jumping_lines.elapsed_s,
        coalesce(
            case
                when jumps.lines_behind <= jumps.lines_ahead then jumping_lines.elapsed_s <= jumping_lines.latest_before
                else jumping_lines.elapsed_s >= jumping_lines.earliest_after
            end,
            false
        ) as is_refused
    from jumping_lines
    inner join jumps on jumping_lines.file_id = jumps.file_id
),

forward as (
    select
        file_id,
        min(elapsed_s) as first_elapsed_s,
        max(elapsed_s) as last_elapsed_s
    from jumped
    where not is_refused
    group by file_id
),

refusals as (
    select
        file_id,
        line_number,
        'clock_not_forward' as reason
    from jumped
    where is_refused
    union all
    select
        file_id,
        line_number,
        case
            when fault is not null then fault
            when elapsed_s is null then 'clock_not_a_number'
            else 'clock_outside_session'
        end as reason
    from clocks
    where fault is not null or elapsed_s is null or abs(elapsed_s) > {{ var('session_longest_s') }}
),

refused as (
    select
        file_id,
        count(*) as lines_refused,
        count(case when reason <> 'clock_not_forward' then 1 end) as lines_not_whole,
        array_agg(line_number order by line_number) as refused_lines,
        array_agg(reason order by line_number) as refused_reasons
    from refusals
    group by file_id
),

counted as (
    select
        coalesce(whole_files.file_id, refused.file_id) as file_id,
        coalesce(whole_files.lines_whole, 0) + coalesce(refused.lines_not_whole, 0) as lines_read,
        coalesce(refused.lines_refused, 0) as lines_refused,
        refused.refused_lines,
        refused.refused_reasons,
        coalesce(forward.first_elapsed_s, whole_files.first_elapsed_s) as first_elapsed_s,
        coalesce(forward.last_elapsed_s, whole_files.last_elapsed_s) as last_elapsed_s
    from whole_files
    full join refused on whole_files.file_id = refused.file_id
    left join forward on whole_files.file_id = forward.file_id
)

select
    counted.file_id,
    cast(counted.lines_read as integer) as lines_read,
    cast(counted.lines_refused as integer) as lines_refused,
    counted.refused_lines,
    counted.refused_reasons,
    counted.first_elapsed_s,
    counted.last_elapsed_s,
    coalesce(
        plans.sample_rate_hz,
        (counted.lines_read - counted.lines_refused - 1)
        / nullif(counted.last_elapsed_s - counted.first_elapsed_s, 0)
    ) as sample_rate_hz
from counted
inner join plans on counted.file_id = plans.file_id

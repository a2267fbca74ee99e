{{ config(
    materialized='incremental',
    key='file_id',
    fingerprints='stg_telemetry__channel_plans',
    pre_hook='{{ read_in_parallel() }}',
) }}
{%- set lines_judged %}
    select
        file_id,
        line_number,
        elapsed_s,
        case
            when fault is not null then fault
            when elapsed_s is null then 'clock_not_a_number'
            when abs(elapsed_s) > {{ var('session_longest_s') }} then 'clock_outside_session'
        end as reason
    from (
        select
            file_id,
            line_number,
            case
                when coalesce(cell_count <> column_count, true) then 'wrong_number_of_cells'
                when not has_clock then 'no_clock'
            end as fault,
            elapsed_s
        from {{ ref('stg_telemetry__clocks') }}
        union all
        select
            file_id,
            line_number,
            case
                when fault_number = 1 then 'wrong_number_of_cells'
                when fault_number = 2 then 'no_clock'
                when is_reset then 'car_was_reset'
            end as fault,
            elapsed_s
        from {{ ref('stg_telemetry__log_clocks') }}
    ) as clocks
{%- endset %}

with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
),

-- All lines are sorted once, each behind the one before it of its kind; only files in which a clock jumps are read
-- again. Neither reads a CTE: all lines would be written to it, and a list of files would not reach the blocks.
files_read as (
    select
        file_id,
        count(*) as lines_read,
        min(case when reason is null then elapsed_s end) as first_elapsed_s,
        max(case when reason is null then elapsed_s end) as last_elapsed_s,
        coalesce(bool_or(reason is null and is_behind), false) as has_jumps,
        array_agg(line_number) filter (where reason is not null) as refused_lines,
        array_agg(reason) filter (where reason is not null) as refused_reasons
    from (
        select
            file_id,
            line_number,
            elapsed_s,
            reason,
            elapsed_s <= lag(elapsed_s) over (partition by file_id, reason is null order by line_number) as is_behind
        from ({{ lines_judged }}) as judged
        where file_id = any(array({{ changed_keys(ref('stg_telemetry__channel_plans'), 'file_id') }}))
    ) as ordered
    group by file_id
),

jumping_lines as (
    select
        file_id,
        line_number,
        elapsed_s,
        max(elapsed_s) over (
            partition by file_id order by line_number rows between unbounded preceding and 1 preceding
        ) as latest_before,
        min(elapsed_s) over (
            partition by file_id order by line_number desc rows between unbounded preceding and 1 preceding
        ) as earliest_after
    from ({{ lines_judged }}) as judged
    where
        reason is null
        and file_id = any(array(
            select files_read.file_id from files_read
            where files_read.has_jumps
        ))
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
        files_read.file_id,
        refused.line_number,
        refused.reason
    from files_read
    cross join lateral unnest(files_read.refused_lines, files_read.refused_reasons) as refused (line_number, reason)
),

refused as (
    select
        file_id,
        count(*) as lines_refused,
        array_agg(line_number order by line_number) as refused_lines,
        array_agg(reason order by line_number) as refused_reasons
    from refusals
    group by file_id
),

counted as (
    select
        files_read.file_id,
        files_read.lines_read,
        coalesce(refused.lines_refused, 0) as lines_refused,
        refused.refused_lines,
        refused.refused_reasons,
        coalesce(forward.first_elapsed_s, files_read.first_elapsed_s) as first_elapsed_s,
        coalesce(forward.last_elapsed_s, files_read.last_elapsed_s) as last_elapsed_s
    from files_read
    left join refused on files_read.file_id = refused.file_id
    left join forward on files_read.file_id = forward.file_id
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

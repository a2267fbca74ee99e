{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    replace_key='file_id',
    fingerprints='stg_telemetry__channel_plans',
    on_schema_change='append_new_columns',
    pre_hook='{{ read_in_parallel() }}',
    post_hook="{{ record_built(ref('stg_telemetry__channel_plans'), 'file_id') }}",
) }}

with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
),

-- a list of files reaches down to the blocks; a join would come after all the lines of all the files are read
clocks as (
    select * from {{ ref('stg_telemetry__clocks') }}
    where file_id = any(array({{ changed_keys(ref('stg_telemetry__channel_plans'), 'file_id') }}))
),

whole_lines as (
    select
        *,
        max(elapsed_s) over (
            partition by file_id order by line_number rows between unbounded preceding and 1 preceding
        ) as latest_before,
        min(elapsed_s) over (
            partition by file_id order by line_number desc rows between unbounded preceding and 1 preceding
        ) as earliest_after
    from clocks
    where cell_count = column_count and abs(elapsed_s) <= {{ var('session_longest_s') }}
),

-- A clock that jumps ahead leaves its own lines later than what follows; one that jumps back, earlier than what stood
-- before. Whichever reading costs fewer lines of the file is taken: what is left always goes forward.
jumps as (
    select
        file_id,
        count(case when elapsed_s <= latest_before then 1 end) as lines_behind,
        count(case when elapsed_s >= earliest_after then 1 end) as lines_ahead
    from whole_lines
    group by file_id
),

verdicts as (
    select
        whole_lines.file_id,
        whole_lines.line_number,
        whole_lines.elapsed_s,
        case
            when jumps.lines_behind <= jumps.lines_ahead and whole_lines.elapsed_s <= whole_lines.latest_before
                then 'clock_not_forward'
            when jumps.lines_behind > jumps.lines_ahead and whole_lines.elapsed_s >= whole_lines.earliest_after
                then 'clock_not_forward'
        end as reason
    from whole_lines
    inner join jumps on whole_lines.file_id = jumps.file_id
    union all
    select
        file_id,
        line_number,
        elapsed_s,
        case
            when coalesce(cell_count <> column_count, true) then 'wrong_number_of_cells'
            when not has_clock then 'no_clock'
            when elapsed_s is null then 'clock_not_a_number'
            else 'clock_outside_session'
        end as reason
    from clocks
    where
        cell_count is distinct from column_count
        or elapsed_s is null
        or abs(elapsed_s) > {{ var('session_longest_s') }}
)

select
    verdicts.file_id,
    cast(count(*) as integer) as lines_read,
    cast(count(verdicts.reason) as integer) as lines_refused,
    array_agg(verdicts.line_number order by verdicts.line_number) filter (
        where verdicts.reason is not null
    ) as refused_lines,
    array_agg(verdicts.reason order by verdicts.line_number) filter (where verdicts.reason is not null)
        as refused_reasons,
    min(case when verdicts.reason is null then verdicts.elapsed_s end) as first_elapsed_s,
    max(case when verdicts.reason is null then verdicts.elapsed_s end) as last_elapsed_s,
    coalesce(
        max(plans.sample_rate_hz),
        (count(*) - count(verdicts.reason) - 1)
        / nullif(
            max(case when verdicts.reason is null then verdicts.elapsed_s end)
            - min(case when verdicts.reason is null then verdicts.elapsed_s end),
            0
        )
    ) as sample_rate_hz
from verdicts
inner join plans on verdicts.file_id = plans.file_id
group by verdicts.file_id

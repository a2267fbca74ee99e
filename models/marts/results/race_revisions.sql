{#- The columns of fct_race_results that a file gives an entrant, and what they are made of. -#}
{%- set fields = dict(
    entrant="'listed'",
    out_reason='out_reason',
    car_id='car_id',
    car_class_id='car_class_id',
    finish_position='finish_position',
    finish_position_in_class='finish_position_in_class',
    start_position='start_position',
    start_position_in_class='start_position_in_class',
    laps='laps',
    laps_led='laps_led',
    race_time_ms='race_time_ms',
    gap_to_winner_ms="case when laps_down = 0 and coalesce(out_reason, 'running') = 'running' then interval_ms end",
    laps_down='laps_down',
    average_lap_ms='average_lap_ms',
    best_lap_ms='best_lap_ms',
    best_lap_number='best_lap_number',
    qualifying_lap_ms='qualifying_lap_ms',
    incidents='incidents',
    points='points',
    league_points='league_points',
    irating_after='irating_after',
    license_level_after='license_level_after',
    safety_rating_after='safety_rating_after',
) -%}

with races as (
    select race_id
    from {{ ref('int_races_as_of_cutoff') }}
    where is_over
),

-- what a log tells is how it stood when its driver left
formats as (
    select source_format
    from {{ ref('source_formats') }}
    where format_family = 'results'
),

session_files as (
    select
        session_files.*,
        max(case when session_files.is_winner then session_files.source_format end)
            over (partition by session_files.event_session_id) as winning_format
    from {{ ref('int_event_session_files') }} as session_files
    where session_files.is_race and session_files.state <> 'withheld'
),

-- formats know different fields, so files of one are compared: that which gives the race
rivals as (
    select
        session_files.file_id,
        session_files.event_session_id as race_id,
        session_files.source_format,
        session_files.modified_at,
        count(*) over (partition by session_files.event_session_id) as files
    from session_files
    inner join formats on session_files.source_format = formats.source_format
    inner join races on session_files.event_session_id = races.race_id
    where session_files.source_format = session_files.winning_format
),

-- almost every race has one file: `any(array(...))` finds the results of the others by index
results as materialized (
    select
        results.*,
        rivals.source_format,
        rivals.modified_at,
        count(*) over (partition by results.event_session_id, results.file_id) as entrants
    from {{ ref('int_race_results_united') }} as results
    inner join rivals on results.file_id = rivals.file_id and results.event_session_id = rivals.race_id
    where
        results.event_session_id = any(
            array(
                select revised.race_id from rivals as revised
                where revised.files > 1
            )
        )
        and rivals.files > 1
        and results.refused_reason is null
),

counted as (
    select
        *,
        max(entrants) over (partition by event_session_id) as most_entrants
    from results
),

-- In the order in which they win (int_event_session_files), from the one that any other replaces. What lists fewer than
-- half of the entrants is an excerpt, such as a driver's own result.
numbered as (
    select
        *,
        dense_rank() over (
            partition by event_session_id order by modified_at asc nulls first, file_id desc
        ) as file_number
    from counted
    where 2 * entrants >= most_entrants
),

-- A field that a file gives nobody is unknown there. How the race ended is known where somebody was running; a sim that
-- tells of those who were disqualified alone tells nothing of the others.
told as (
    select
        event_session_id as race_id,
        file_number,
        entrant_id,
        driver_id,
        source_format,
        file_id,
        modified_at,
        {% for field, value in fields.items() -%}
            cast({{ value }} as {{ dbt.type_string() }}) as {{ field }},
            count({{ "nullif(out_reason = 'running', false)" if field == 'out_reason' else value }}) over of_file > 0
                as is_{{ field }}_told,
        {% endfor -%}
        first_value(file_id) over before as replaced_file_id,
        first_value(modified_at) over before as replaced_modified_at,
        first_value(file_id) over after as next_file_id,
        first_value(modified_at) over after as next_modified_at
    from numbered
    window
        of_file as (partition by event_session_id, file_number),
        before as (
            partition by event_session_id order by file_number groups between 1 preceding and 1 preceding
        ),
        after as (
            partition by event_session_id order by file_number groups between 1 following and 1 following
        )
),

lines as (
    select
        *,
        cast(row({{ fields | join(', ') }}) as {{ dbt.type_string() }}) as line
    from told
),

neighbours as (
    select
        *,
        case when lag(file_number) over of_entrant = file_number - 1 then lag(line) over of_entrant end as line_before,
        case when lead(file_number) over of_entrant = file_number + 1 then lead(line) over of_entrant end as line_after
    from lines
    window of_entrant as (partition by race_id, entrant_id order by file_number)
),

-- each file replaces one, and is replaced by one; lines that stay as they are tell nothing
sides as (
    select
        *,
        file_number as pair_number,
        false as is_before
    from neighbours
    where replaced_file_id is not null and line is distinct from line_before
    union all
    select
        *,
        file_number + 1 as pair_number,
        true as is_before
    from neighbours
    where next_file_id is not null and line is distinct from line_after
),

changes as (
    select
        sides.race_id,
        sides.pair_number,
        sides.entrant_id,
        fields.field,
        min(sides.driver_id) as driver_id,
        min(case when sides.is_before then fields.value end) as value_before,
        min(case when not sides.is_before then fields.value end) as value_after,
        min(sides.source_format) as source_format,
        min(case when sides.is_before then sides.file_id else sides.replaced_file_id end) as replaced_file_id,
        min(case when sides.is_before then sides.next_file_id else sides.file_id end) as file_id,
        min(case when sides.is_before then sides.modified_at else sides.replaced_modified_at end)
            as replaced_modified_at,
        min(case when sides.is_before then sides.next_modified_at else sides.modified_at end) as modified_at
    from sides
    cross join
        lateral (
            values
            {% for field in fields -%}
                ('{{ field }}', sides.{{ field }}, sides.is_{{ field }}_told){{ ',' if not loop.last }}
            {% endfor %}
        ) as fields (field, value, is_told)
    group by sides.race_id, sides.pair_number, sides.entrant_id, fields.field
    having
        min(case when sides.is_before then fields.value end)
        is distinct from min(case when not sides.is_before then fields.value end)
        and (
            fields.field = 'entrant'
            or count(*) = 2 and bool_and(fields.is_told) = bool_or(fields.is_told)
        )
)

select
    race_id,
    -- a copy that changes nothing is no revision
    cast(dense_rank() over (partition by race_id order by pair_number) as integer) as revision,
    entrant_id,
    field,
    driver_id,
    value_before,
    value_after,
    source_format,
    -- a file without a time of change is replaced by every other
    case when modified_at is null or modified_at = replaced_modified_at then 'file_id' else 'modified_at' end
        as decided_by,
    replaced_file_id,
    file_id,
    replaced_modified_at,
    modified_at
from changes

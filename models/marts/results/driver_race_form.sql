{{ config(materialized='incremental', key='race_id', fingerprints='int_race_histories') }}

-- a race is made anew when a race that one of its drivers drove before it has changed
with races as (
    select * from {{ ref('int_driver_races_ordered') }}
    where race_id = any(array({{ changed_keys(ref('int_race_histories'), 'race_id') }}))
),

-- not materialized, so that PostgreSQL finds a driver's races by the index instead of reading all races
driver_races as not materialized (
    select * from {{ ref('int_driver_races_ordered') }}
),

-- Races of every category count here, because a driver learns a layout and a car in all of them.
experience as (
    select
        races.race_id,
        races.entrant_id,
        cast(count(case when past.layout_id = races.layout_id then 1 end) as integer) as races_on_layout,
        cast(count(case when past.car_id = races.car_id then 1 end) as integer) as races_in_car,
        max(
            case
                when past.license_category_id <> races.license_category_id then null
                when past.subsession_id = races.subsession_id then races.green_flag_at
                else past.results_known_at
            end
        ) as last_result_known_at
    from races
    inner join driver_races as past
        on races.driver_id = past.driver_id and {{ was_over('past', 'races') }}
    group by races.race_id, races.entrant_id
),

windows (form_window, races, days) as (
    values
    {%- for window, extent in var('form_windows').items() %}
        ('{{ window }}', cast({{ extent.races or 'null' }} as integer), cast({{ extent.days or 'null' }} as integer))
        {{- ',' if not loop.last }}
    {%- endfor %}
),

-- one row per race, window and earlier race in it, which has the number that it has among those of its category
windowed as (
    select
        windows.form_window,
        races.race_id,
        races.entrant_id,
        races.license_class_before,
        earlier.*
    from races
    cross join windows
    cross join lateral (
        select
            past.driver_race_number as past_race_number,
            past.finish_position,
            past.finish_position_in_class,
            past.start_position_in_class,
            past.class_entries,
            past.expected_finish_in_class,
            past.did_not_finish,
            past.incidents,
            past.corners_per_lap * past.laps as corners,
            past.irating_change,
            past.irating_after,
            past.license_class_after,
            past.safety_rating_after
        from driver_races as past
        where
            past.driver_id = races.driver_id
            and past.license_category_id = races.license_category_id
            -- was_over says so too, but in words that the index does not know
            and past.driver_race_number < races.driver_race_number
            and {{ was_over('past', 'races') }}
            and (windows.days is null or past.results_known_at > races.green_flag_at - windows.days * interval '1 day')
        order by past.driver_race_number desc
        limit windows.races
    ) as earlier
),

rated as (
    select
        *,
        -- licences of different classes have different scales
        case
            when license_class_after = license_class_before then {{ safety_rating_corrected('safety_rating_after') }}
        end as safety_rating
    from windowed
),

-- one row per race and window; a slope is a float, whose last digit depends on the order of its races
form as (
    select
        race_id,
        entrant_id,
        form_window,
        cast(count(*) as integer) as races,
        {{ published('avg(finish_position)') }} as avg_finish,
        {{ published('avg(finish_position_in_class)') }} as avg_finish_in_class,
        {{ published('avg(100.0 * finish_position_in_class / class_entries)') }} as avg_finish_percent,
        {{ published(share('finish_position_in_class <= 3')) }} as podium_rate,
        {{ published(share('finish_position_in_class <= 5')) }} as top5_rate,
        {{ published('avg(finish_position_in_class - expected_finish_in_class)') }} as avg_finish_minus_expected,
        {{ published('avg(start_position_in_class - finish_position_in_class)') }} as avg_places_gained,
        {{ published(share('did_not_finish')) }} as did_not_finish_rate,
        {{ published('avg(incidents)') }} as avg_incidents,
        {{ published(
            'sum(case when corners > 0 then 100.0 * incidents end)'
            ~ ' / nullif(sum(case when incidents is not null then corners end), 0)'
        ) }} as incidents_per_100_corners,
        {{ published('avg(irating_change)') }} as avg_irating_change,
        {{ published('regr_slope(irating_after, past_race_number order by past_race_number)') }} as irating_slope,
        {{ published('regr_slope(safety_rating, past_race_number order by past_race_number)') }} as safety_rating_slope,
        cast(count(finish_position) as integer) as known_finishes,
        cast(count(finish_position_in_class) as integer) as known_finishes_in_class,
        cast(count(finish_position_in_class - expected_finish_in_class) as integer) as known_expectations,
        cast(count(start_position_in_class - finish_position_in_class) as integer) as known_places_gained,
        cast(count(did_not_finish) as integer) as known_outcomes,
        cast(count(incidents) as integer) as known_incidents,
        cast(coalesce(sum(case when incidents is not null then corners end), 0) as integer) as corners,
        cast(count(irating_change) as integer) as known_irating_changes,
        cast(count(irating_after) as integer) as known_iratings,
        cast(count(safety_rating) as integer) as known_safety_ratings
    from rated
    group by race_id, entrant_id, form_window
)

select
    races.race_id,
    races.entrant_id,
    races.driver_id,
    races.license_category_id,
    races.driver_race_number,
    coalesce(experience.races_on_layout, 0) as races_on_layout,
    coalesce(experience.races_in_car, 0) as races_in_car,
    {{ published(
        'extract(epoch from races.green_flag_at - experience.last_result_known_at) / 86400'
    ) }} as days_since_last_race,
    {%- for column in form_columns() %}
        {%- set value = column.window ~ '.' ~ column.measure %}
        {{ 'coalesce(' ~ value ~ ', 0)' if column.is_count else value }} as {{ column.name }},
    {%- endfor %}
    races.green_flag_at as feature_cutoff_at,
    experience.last_result_known_at
from races
left join experience on races.race_id = experience.race_id and races.entrant_id = experience.entrant_id
{%- for window in var('form_windows') %}
    left join form as {{ window }}
        on races.race_id = {{ window }}.race_id
            and races.entrant_id = {{ window }}.entrant_id
            and {{ window }}.form_window = '{{ window }}'
{%- endfor %}

with driver_races as (
    select * from {{ ref('int_driver_races_ordered') }}
),

-- The last races of the same driver and category that were over at this green flag. A frame of rows cannot say it: of
-- the rows before this one, some still run (a race of 24 hours lasts through many others).
windows as (
    select
        driver_races.race_id,
        driver_races.entrant_id,
        driver_races.license_class_before as license_class_now,
        driver_races.green_flag_at as green_flag_now,
        earlier.*
    from driver_races
    cross join lateral (
        select
            past.driver_race_number as past_race_number,
            past.finish_position,
            past.finish_position_in_class,
            past.start_position_in_class,
            past.class_entries,
            past.laps,
            past.incidents,
            past.corners_per_lap,
            past.irating_before,
            past.irating_after,
            past.license_class_after,
            past.safety_rating_after,
            past.expected_finish_in_class,
            past.is_dnf,
            -- an event with heats dates their end alike, after its feature
            case
                when past.subsession_id = driver_races.subsession_id then driver_races.green_flag_at
                else past.results_known_at
            end as results_known_at
        from driver_races as past
        where
            past.driver_id = driver_races.driver_id
            and past.form_group = driver_races.form_group
            and past.driver_race_number < driver_races.driver_race_number
            and (
                past.results_known_at <= driver_races.green_flag_at
                -- the heats of an event are over before its feature, though the event dates them alike
                or past.subsession_id = driver_races.subsession_id
                -- without a date on one side iRacing's running number alone tells which came first
                or (
                    (past.results_known_at is null or driver_races.green_flag_at is null)
                    and past.subsession_number < driver_races.subsession_number
                )
            )
        order by past.driver_race_number desc
        limit {{ var('form_window_races') }}
    ) as earlier
),

summed as (
    select
        race_id,
        entrant_id,
        cast(count(*) as integer) as races_in_window,
        {{ published('avg(finish_position)') }} as avg_finish_recent,
        {{ published('avg(finish_position_in_class)') }} as avg_finish_in_class_recent,
        {{ published('avg(100.0 * finish_position_in_class / class_entries)') }} as avg_finish_percent_recent,
        {{ published('avg(incidents)') }} as avg_incidents_recent,
        {{ published(
            'sum(case when corners_per_lap * laps > 0 then 100.0 * incidents end)
            / nullif(sum(case when incidents is not null then corners_per_lap * laps end), 0)'
        ) }} as incidents_per_100_corners_recent,
        {{ published(
            'avg(case when finish_position_in_class <= 3 then 1.0 when finish_position_in_class > 3 then 0 end)'
        ) }} as podium_rate_recent,
        {{ published(
            'avg(case when finish_position_in_class <= 5 then 1.0 when finish_position_in_class > 5 then 0 end)'
        ) }} as top5_rate_recent,
        {{ published('avg(case when is_dnf then 1.0 when not is_dnf then 0 end)') }} as dnf_rate_recent,
        {{ published('avg(start_position_in_class - finish_position_in_class)') }} as avg_places_gained_recent,
        {{ published('avg(irating_after - irating_before)') }} as avg_irating_change_recent,
        {{ published('regr_slope(irating_after, past_race_number)') }} as irating_slope_recent,
        -- each whole number crossed gave 0.40 more; a licence of another class counts on another scale
        {{ published(
            'regr_slope(
                case
                    when license_class_after = license_class_now
                        then safety_rating_after - 0.40 * floor(safety_rating_after)
                end,
                past_race_number
            )'
        ) }} as safety_rating_slope_recent,
        {{ published('avg(finish_position_in_class - expected_finish_in_class)') }} as avg_finish_minus_expected_recent,
        {{ published('extract(epoch from max(green_flag_now) - max(results_known_at)) / 86400') }}
            as days_since_last_race,
        max(results_known_at) as last_result_known_at
    from windows
    group by race_id, entrant_id
)

select
    driver_races.race_id,
    driver_races.entrant_id,
    driver_races.driver_id,
    driver_races.license_category_id,
    driver_races.driver_race_number,
    coalesce(summed.races_in_window, 0) as races_in_window,
    summed.avg_finish_recent,
    summed.avg_finish_in_class_recent,
    summed.avg_finish_percent_recent,
    summed.avg_incidents_recent,
    summed.incidents_per_100_corners_recent,
    summed.podium_rate_recent,
    summed.top5_rate_recent,
    summed.dnf_rate_recent,
    summed.avg_places_gained_recent,
    summed.avg_irating_change_recent,
    summed.irating_slope_recent,
    summed.safety_rating_slope_recent,
    summed.avg_finish_minus_expected_recent,
    summed.days_since_last_race,
    driver_races.green_flag_at as feature_cutoff_at,
    summed.last_result_known_at
from driver_races
left join summed on driver_races.race_id = summed.race_id and driver_races.entrant_id = summed.entrant_id

with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team and not is_ai
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
    where is_over and green_flag_at is not null
),

driven as (
    select
        race_results.driver_id,
        races.layout_id,
        coalesce(races.league_name, races.series_name, 'none') as series_name,
        cast({{ dbt.date_trunc('month', "races.green_flag_at at time zone 'UTC'") }} as date) as month_date,
        race_results.laps,
        race_results.incidents,
        case when race_results.incidents is not null then races.corners_per_lap * race_results.laps end as corners
    from race_results
    inner join races on race_results.race_id = races.race_id
),

summed as (
    select
        driver_id,
        layout_id,
        series_name,
        month_date,
        count(*) as races,
        sum(laps) as laps,
        sum(incidents) as incidents,
        sum(corners) as corners,
        sum(case when corners > 0 then incidents end) as incidents_over_corners
    from driven
    group by driver_id, layout_id, series_name, month_date
)

select
    driver_id,
    layout_id,
    series_name,
    month_date,
    cast(races as integer) as races,
    cast(laps as integer) as laps,
    cast(incidents as integer) as incidents,
    cast(corners as integer) as corners,
    cast(incidents_over_corners as integer) as incidents_over_corners,
    {{ published('100.0 * incidents_over_corners / nullif(corners, 0)') }} as incidents_per_100_corners,
    {{ published('1.0 * corners / nullif(incidents_over_corners, 0)') }} as corners_per_incident
from summed

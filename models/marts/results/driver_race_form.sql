{%- set windows = var('form_windows') -%}

-- not materialized, so that PostgreSQL finds a driver's races by the index instead of reading all races
with driver_races as not materialized (
    select * from {{ ref('int_driver_races_ordered') }}
),

-- Races of every category count here, because a driver learns a layout and a car in all of them.
experience as (
    select
        driver_races.race_id,
        driver_races.entrant_id,
        cast(count(case when past.layout_id = driver_races.layout_id then 1 end) as integer) as races_on_layout,
        cast(count(case when past.car_id = driver_races.car_id then 1 end) as integer) as races_in_car,
        max(
            case
                when past.license_category_id <> driver_races.license_category_id then null
                when past.subsession_id = driver_races.subsession_id then driver_races.green_flag_at
                else past.results_known_at
            end
        ) as last_result_known_at
    from driver_races
    inner join driver_races as past
        on driver_races.driver_id = past.driver_id
            and {{ was_over('past', 'driver_races') }}
    group by driver_races.race_id, driver_races.entrant_id
),
{% for window, extent in windows.items() %}
    earlier_{{ window }} as (
        select
            driver_races.race_id,
            driver_races.entrant_id,
            earlier.*,
            -- licences of different classes have different scales
            case
                when earlier.license_class_after = driver_races.license_class_before
                    then {{ safety_rating_corrected('earlier.safety_rating_after') }}
            end as safety_rating_corrected
        from driver_races
        cross join lateral (
            select
                past.driver_race_number as past_race_number,
                past.finish_position,
                past.finish_position_in_class,
                past.start_position_in_class,
                past.class_entries,
                past.incidents,
                past.corners_per_lap * past.laps as corners,
                past.irating_change,
                past.irating_after,
                past.license_class_after,
                past.safety_rating_after,
                past.expected_finish_in_class,
                past.did_not_finish
            from driver_races as past
            where
                past.driver_id = driver_races.driver_id
                and past.license_category_id = driver_races.license_category_id
                and {{ was_over('past', 'driver_races') }}
                {%- if extent.days %}
                    and past.results_known_at > driver_races.green_flag_at - interval '{{ extent.days }} days'
                {%- endif %}
            order by past.driver_race_number desc
            limit {{ extent.races or 'all' }}
        ) as earlier
    ),

    summed_{{ window }} as (
        select
            race_id,
            entrant_id,
            {%- for known, measures in form_measures() | groupby('known') %}
                cast({{ measures[0].count or 'count(' ~ measures[0]['values'] ~ ')' }} as integer)
                    as {{ known }}_{{ window }},
            {%- endfor %}
            {%- for measure in form_measures() %}
                {{ published(measure.aggregate or 'avg(' ~ measure['values'] ~ ')') }}
                    as {{ measure.name }}_{{ window }},
            {%- endfor %}
            cast(count(*) as integer) as races_{{ window }}
        from earlier_{{ window }}
        group by race_id, entrant_id
    ),
{% endfor %}
form as (
    select
        driver_races.race_id,
        driver_races.entrant_id,
        driver_races.driver_id,
        driver_races.license_category_id,
        driver_races.driver_race_number,
        coalesce(experience.races_on_layout, 0) as races_on_layout,
        coalesce(experience.races_in_car, 0) as races_in_car,
        {{ published(
            'extract(epoch from driver_races.green_flag_at - experience.last_result_known_at) / 86400'
        ) }} as days_since_last_race,
        {%- for column in form_columns() %}
            {{ 'coalesce(' ~ column.name ~ ', 0) as ' if column.is_count }}{{ column.name }},
        {%- endfor %}
        driver_races.green_flag_at as feature_cutoff_at,
        experience.last_result_known_at
    from driver_races
    left join experience
        on driver_races.race_id = experience.race_id and driver_races.entrant_id = experience.entrant_id
    {%- for window in windows %}
        left join summed_{{ window }}
            on driver_races.race_id = summed_{{ window }}.race_id
                and driver_races.entrant_id = summed_{{ window }}.entrant_id
    {%- endfor %}
)

select * from form

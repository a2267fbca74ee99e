{#
    The last step of an iRacing result line, the same for CSV and JSON: ids with their prefixes, the reason a race ended
    from its number, ratings only with a licence.
#}
{% macro finished_iracing_results(relation) -%}
    select
        file_id,
        race_id,
        {{ pseudonymous_id("case when is_team then 'team:' || team_id else 'driver:' || driver_key end") }} as entrant_id,
        case when not is_team then {{ pseudonymous_id("'iracing:' || driver_key") }} end as driver_id,
        {{ pseudonymous_key('team', 'team_id') }} as team_id,
        'iracing:' || car_key as car_id,
        'iracing:' || car_class_key as car_class_id,
        case when is_team then {{ pseudonym('entrant_name', 'Team') }} else {{ pseudonym('entrant_name', 'Driver') }} end as entrant_name,
        case when team_id is not null then {{ pseudonym('entry_name', 'Team') }} end as team_name,
        country_code,
        club_name,
        car_number,
        car_name,
        car_class_name,
        -- the number is the truth: one can stand beside the text of another
        case out_reason_id
            when 0 then 'running'
            when 29 then 'disqualified'
            when 32 then 'disconnected'
            else lower(out_reason_text)
        end as out_reason,
        line_number,
        out_reason_id,
        finish_position,
        finish_position_in_class,
        start_position,
        start_position_in_class,
        laps,
        laps_led,
        race_time_ms,
        interval_ms,
        laps_down,
        average_lap_ms,
        best_lap_ms,
        best_lap_number,
        qualifying_lap_ms,
        incidents,
        points,
        league_points,
        irating_before,
        irating_after,
        license_level_before,
        license_level_after,
        case
            when license_level_before is not null then cast(sub_level_before / 100.0 as numeric(6, 2))
        end as safety_rating_before,
        case
            when license_level_after is not null then cast(sub_level_after / 100.0 as numeric(6, 2))
        end as safety_rating_after,
        file_class_strength_of_field,
        line_fault,
        is_team,
        is_ai
    from {{ relation }}
{%- endmacro %}

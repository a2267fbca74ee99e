{% macro iracing_event(place) -%}
    case when {{ place }} -> 'subsession_id' is not null and {{ place }} -> 'session_results' is not null then {{ place }} end
{%- endmacro %}


{% macro finished_iracing_results(relation, has) -%}
    select
        file_id,
        event_session_id,
        {{ pseudonymous_id("case when is_team then 'team:' || team_id else 'driver:' || driver_key end") }} as entrant_id,
        case when not is_team then {{ pseudonymous_id("'iracing:' || driver_key") }} end as driver_id,
        {{ pseudonymous_key('team', 'team_id') }} as team_id,
        'iracing:' || car_key as car_id,
        'iracing:' || car_class_key as car_class_id,
        case when is_team then {{ pseudonym('entrant_name', 'Team') }} else {{ pseudonym('entrant_name', 'Driver') }} end as entrant_name,
        case when team_id is not null then {{ pseudonym('entry_name', 'Team') }} end as team_name,
        club_name,
        car_number,
        car_name,
        car_class_name,
        -- the number is the truth: one can stand beside the text of another
        coalesce(known.reason, lower(out_reason_text)) as out_reason,
        case when known.id is null then out_reason_id || coalesce(' ' || out_reason_text, '') end as unmapped_out_reason,
        line_number,
        out_reason_id,
        finish_position,
        start_position,
        laps,
        laps_led,
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
        is_team,
        is_ai,
        {{ has | join(', ') }}
    from {{ relation }}
    left join
        (select reasons.out_reason_id as id, reasons.out_reason as reason from {{ ref('iracing_out_reasons') }} as reasons) as known
        on {{ relation }}.out_reason_id = known.id
{%- endmacro %}


{% macro iracing_chunk_key(file_name) -%}
    coalesce(substring(lower({{ file_name }}) from '[0-9a-f]{64}'), split_part({{ file_name }}, '?', 1))
{%- endmacro %}

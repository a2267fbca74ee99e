{{ config(materialized='view') }}

with fields as (
    select * from {{ ref('fct_race_fields', v=2) }}
),

races as (
    select * from {{ ref('dim_races') }}
),

event_sessions as (
    select * from {{ ref('dim_event_sessions') }}
)

select
    fields.race_id,
    fields.car_class_id,
    event_sessions.layout_id,
    nullif(event_sessions.license_category_id, 'none') as license_category_id,
    event_sessions.sim,
    fields.car_class_name,
    fields.entries,
    fields.starters,
    fields.rated_entries,
    races.entries as race_entries,
    races.car_classes,
    fields.file_strength_of_field,
    fields.strength_of_field,
    fields.strength_of_field_difference,
    races.file_strength_of_field as file_race_strength_of_field,
    races.strength_of_field as race_strength_of_field,
    races.strength_of_field_difference as race_strength_of_field_difference,
    fields.irating_mean,
    fields.irating_min,
    fields.irating_max,
    fields.irating_standard_deviation,
    fields.incidents,
    fields.corners,
    fields.incidents_per_100_corners,
    fields.did_not_finish_count as did_not_finish,
    fields.did_not_finish_rate,
    races.cautions,
    races.caution_laps,
    races.lead_changes,
    fields.is_strength_of_field_confirmed,
    races.is_official,
    races.is_team_race,
    races.is_wet,
    event_sessions.started_at,
    event_sessions.ended_at,
    event_sessions.file_id
from fields
inner join races on fields.race_id = races.race_id
inner join event_sessions on fields.race_id = event_sessions.event_session_id

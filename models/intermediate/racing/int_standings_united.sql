{{ config(materialized='table') }}

with standings as (
    select * from {{ ref('stg_iracing__standings') }}
),

judged as (
    select
        *,
        case
            when is_team then null
            when line_fault is not null then line_fault
            when driver_id is null then 'no_entrant'
            -- a list has a driver once
            when
                row_number() over (
                    partition by standings_id, list_file_id, driver_id, is_team, line_fault is null
                    order by position nulls last, file_id, line_number
                ) > 1
                then 'repeated_entrant'
        end as refused_reason
    from standings
),

lists as (
    select
        standings_id,
        list_file_id,
        max(modified_at) as modified_at,
        {{ has_too_many_bad_lines('count(refused_reason)', 'count(*)') }} as is_withheld
    from judged
    group by standings_id, list_file_id
),

-- standings are read from one list whole, the one that was changed last
ranked as (
    select
        *,
        row_number() over (
            partition by standings_id order by is_withheld asc, modified_at desc nulls last, list_file_id asc
        ) as list_rank
    from lists
)

select
    judged.file_id,
    judged.line_number,
    judged.list_file_id,
    judged.standings_id,
    judged.source_format,
    judged.league_id,
    judged.season_id,
    judged.car_class_id,
    judged.car_id,
    judged.driver_id,
    judged.series_name,
    judged.driver_name,
    case
        when judged.refused_reason is not null then 'refused'
        when judged.is_team then 'set_aside'
        when ranked.is_withheld then 'withheld'
        when ranked.list_rank > 1 then 'superseded'
        else 'loaded'
    end as state,
    judged.refused_reason,
    judged.position,
    judged.points,
    judged.wins,
    judged.starts,
    judged.is_of_week,
    judged.modified_at
from judged
inner join ranked on judged.standings_id = ranked.standings_id and judged.list_file_id = ranked.list_file_id

{#- each figure is one sum over races divided by another; a race without a divisor does not count -#}
{%- set figures = {
    'incidents_per_100_corners': {'dividend': 'past.incidents_times_100', 'divisor': 'past.corners'},
    'did_not_finish_rate': {'dividend': 'past.did_not_finish', 'divisor': 'past.starters'},
    'lap_spread_percent': {'dividend': 'past.lap_spread_percent', 'divisor': 'past.lap_spread_races'},
} -%}
{%- set scopes = {'on_layout': 'past.layout_id = races.layout_id', 'in_category': 'true'} -%}
{%- set prior = var('track_difficulty_prior_races') -%}

with races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
),

fields as (
    select * from {{ ref('fct_race_fields') }}
),

race_results as (
    select * from {{ ref('fct_race_results') }}
),

-- distance between the quarters of the field as a share of the median lap, so that one slow lap does not move it
class_spreads as (
    select
        race_id,
        car_class_id,
        count(best_lap_ms) as drivers,
        100.0 * (
            percentile_cont(0.75) within group (order by best_lap_ms)
            - percentile_cont(0.25) within group (order by best_lap_ms)
        ) / percentile_cont(0.5) within group (order by best_lap_ms) as spread
    from race_results
    group by race_id, car_class_id
    having count(best_lap_ms) >= {{ var('lap_spread_drivers') }}
),

spreads as (
    select
        race_id,
        sum(drivers * spread) / sum(drivers) as lap_spread_percent,
        1 as lap_spread_races
    from class_spreads
    group by race_id
),

conducts as (
    select
        race_id,
        100.0 * sum(case when corners > 0 then incidents end) as incidents_times_100,
        sum(case when incidents is not null then nullif(corners, 0) end) as corners,
        1.0 * sum(did_not_finish_count) as did_not_finish,
        sum(case when did_not_finish_count is not null then nullif(starters, 0) end) as starters
    from fields
    group by race_id
),

measured as (
    select
        races.race_id,
        races.sim,
        races.license_category_id,
        races.layout_id,
        races.green_flag_at,
        races.results_known_at,
        conducts.incidents_times_100,
        conducts.corners,
        conducts.did_not_finish,
        conducts.starters,
        spreads.lap_spread_percent,
        spreads.lap_spread_races
    from races
    left join conducts on races.race_id = conducts.race_id
    left join spreads on races.race_id = spreads.race_id
),

-- Races of the category that were over at this green flag, once for the category and, on this layout, once more for the
-- layout. Nothing comes before an undated race.
earlier as (
    select
        races.race_id,
        {%- for scope, condition in scopes.items() %}
            count(case when {{ condition }} then 1 end) as races_{{ scope }},
            {%- for figure, parts in figures.items() %}
                count(case when {{ condition }} then {{ parts.divisor }} end) as {{ figure }}_races_{{ scope }},
                sum(case when {{ condition }} then {{ parts.dividend }} end)
                / sum(case when {{ condition }} then {{ parts.divisor }} end) as {{ figure }}_{{ scope }},
            {%- endfor %}
        {%- endfor %}
        max(past.results_known_at) as last_result_known_at
    from races
    inner join measured as past
        on races.sim = past.sim
            and races.license_category_id = past.license_category_id
            and races.green_flag_at > past.green_flag_at
            and races.green_flag_at >= past.results_known_at
    group by races.race_id
),

-- With few races the category's figure counts more: with n races the layout's own weighs n / (n + k).
shrunk as (
    select
        {%- for figure in figures %}
            coalesce(
                (
                    {{ figure }}_races_on_layout * {{ figure }}_on_layout + {{ prior }} * {{ figure }}_in_category
                ) / ({{ figure }}_races_on_layout + {{ prior }}),
                {{ figure }}_in_category
            ) as {{ figure }},
        {%- endfor %}
        *
    from earlier
)

select
    races.race_id,
    races.layout_id,
    races.license_category_id,
    races.sim,
    cast(coalesce(shrunk.races_on_layout, 0) as integer) as races_on_layout,
    cast(coalesce(shrunk.races_in_category, 0) as integer) as races_in_category,
    {%- for figure in figures %}
        cast(coalesce(shrunk.{{ figure }}_races_on_layout, 0) as integer) as {{ figure }}_races,
        {{ published('shrunk.' ~ figure ~ '_on_layout') }} as {{ figure }}_on_layout,
        {{ published('shrunk.' ~ figure ~ '_in_category') }} as {{ figure }}_in_category,
        {{ published('shrunk.' ~ figure) }} as {{ figure }},
    {%- endfor %}
    {{ published('shrunk.incidents_per_100_corners / nullif(shrunk.incidents_per_100_corners_in_category, 0)') }}
        as incidents_relative_to_category,
    races.green_flag_at as feature_cutoff_at,
    shrunk.last_result_known_at
from races
left join shrunk on races.race_id = shrunk.race_id

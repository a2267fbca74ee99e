{%- set categories = ['oval', 'road', 'dirt_oval', 'dirt_road', 'sports_car', 'formula_car'] -%}
{%- set attributes = ['driver_name', 'country_code', 'club_name', 'team_name'] -%}
{%- for category in categories -%}
    {%- do attributes.append('license_class_' ~ category) -%}
{%- endfor -%}

with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team and not is_ai and driver_id is not null
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
    where green_flag_at is not null
),

license_categories as (
    select * from {{ ref('license_categories') }}
),

-- at the green flag a driver is as entered; the end of the race gives the licence afterwards
events as (
    select
        race_results.driver_id,
        race_results.entrant_name as driver_name,
        race_results.country_code,
        race_results.club_name,
        race_results.team_name,
        races.license_category_id,
        {{ license_class('race_results.license_level_before') }} as license_class,
        race_results.race_id,
        race_results.entrant_id,
        races.subsession_number,
        races.simsession_number,
        false as is_end,
        races.green_flag_at as happened_at
    from race_results
    inner join races on race_results.race_id = races.race_id
    union all
    select
        race_results.driver_id,
        null,
        null,
        null,
        null,
        races.license_category_id,
        {{ license_class('race_results.license_level_after') }},
        race_results.race_id,
        race_results.entrant_id,
        races.subsession_number,
        races.simsession_number,
        true,
        races.results_known_at
    from race_results
    inner join races on race_results.race_id = races.race_id
),

numbered as (
    select
        events.driver_id,
        events.driver_name,
        events.country_code,
        events.club_name,
        events.team_name,
        {%- for category in categories %}
            case when license_categories.license_category = '{{ category }}' then events.license_class end
                as license_class_{{ category }},
        {%- endfor %}
        row_number() over (
            partition by events.driver_id
            order by
                events.happened_at,
                events.subsession_number nulls first,
                events.simsession_number,
                events.is_end,
                events.race_id,
                events.entrant_id
        ) as event_number,
        events.happened_at
    from events
    left join license_categories on events.license_category_id = license_categories.license_category_id
),

-- a value that a file leaves out stays as it was last known; each known value begins a run
runs as (
    select
        *,
        {%- for attribute in attributes %}
            count({{ attribute }}) over (partition by driver_id order by event_number) as {{ attribute }}_run,
        {%- endfor %}
        max(event_number) over (partition by driver_id, happened_at) as last_event_number
    from numbered
),

known as (
    select
        driver_id,
        event_number,
        last_event_number,
        {%- for attribute in attributes %}
            max({{ attribute }}) over (partition by driver_id, {{ attribute }}_run) as {{ attribute }},
        {%- endfor %}
        happened_at
    from runs
),

-- of several changes at the same moment the last one stays
moments as (
    select
        *,
        {%- for attribute in attributes %}
            lag({{ attribute }}) over (partition by driver_id order by happened_at) as previous_{{ attribute }},
        {%- endfor %}
        row_number() over (partition by driver_id order by happened_at) as moment_number
    from known
    where event_number = last_event_number
),

versions as (
    select
        *,
        lead(happened_at) over (partition by driver_id order by happened_at) as valid_to,
        row_number() over (partition by driver_id order by happened_at) as version_number
    from moments
    where
        moment_number = 1
        {%- for attribute in attributes %}
            or {{ attribute }} is distinct from previous_{{ attribute }}
        {%- endfor %}
)

select
    driver_id,
    cast(version_number as integer) as version_number,
    {%- for attribute in attributes %}
        {{ attribute }},
    {%- endfor %}
    valid_to is null as is_current,
    happened_at as valid_from,
    valid_to
from versions

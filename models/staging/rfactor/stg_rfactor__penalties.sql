with document_sessions as (
    select * from {{ ref('stg_rfactor__document_sessions') }}
),

cars as (
    select * from {{ ref('stg_rfactor__race_cars') }}
),

kinds as (
    select * from {{ ref('penalty_kinds') }}
    where written_by = 'rfactor'
),

reasons as (
    select * from {{ ref('penalty_reasons') }}
    where written_by = 'rfactor'
),

-- One row a session, read once: joined car by car, PostgreSQL would unpack all cars for each penalty. A lap has the
-- session's clock at its start.
crews as materialized (
    select
        named.file_id,
        named.event_session_id,
        jsonb_object_agg(
            named.driver_name, jsonb_build_object('entry_id', named.entry_id, 'laps', named.laps)
            order by named.line_number desc
        ) as entries
    from (
        select
            cars.file_id,
            cars.event_session_id,
            cars.entry_id,
            cars.line_number,
            {{ json_text('crew.driver', 'driver_name') }} as driver_name,
            (
                select
                    jsonb_agg(
                        jsonb_build_array(
                            {{ at_least(to_int("laps.child -> 'attributes' ->> 'num'"), 1) }},
                            {{ rfactor_ms("laps.child -> 'attributes' ->> 'et'") }}
                        )
                    )
                from {{ xml_children('cars.car', 'Lap') }} as laps
            ) as laps
        from cars
        cross join lateral {{ json_rows('cars.crew') }} as crew (driver)
    ) as named
    where named.driver_name is not null
    group by named.file_id, named.event_session_id
),

elements as (
    select
        document_sessions.file_id,
        document_sessions.event_session_id,
        document_sessions.sim,
        elements.child ->> 'tag' as tag,
        elements.child -> 'attributes' as attributes,
        left(trim({{ xml_text('elements.child') }}), 1000) as told,
        cast(row_number() over (
            partition by document_sessions.file_id, document_sessions.event_session_id
            order by streams.place, elements.place
        ) as integer) as line_number
    from document_sessions
    cross join lateral {{ xml_children('document_sessions.session', 'Stream') }} as streams
    cross join lateral {{ xml_children('streams.child') }} as elements
    where elements.child ->> 'tag' in ('Penalty', 'TrackLimits')
),

-- the newer sims write attributes, the older ones a sentence
parsed as (
    select
        *,
        {{ rfactor_ms("attributes ->> 'et'") }} as session_time_ms,
        regexp_match(told, '^(.+) received (.+) penalty, ([0-9]+)s, ([0-9]+)laps?( for .+)?[.] Result:') as given,
        regexp_match(told, '^(.+) served [0-9]+(st|nd|rd|th) .+ penalty') as served,
        regexp_match(
            told, '^(.+) (finished before serving penalty), (added|subtracted) ([0-9]+)[.0]* (second|lap)s?'
        ) as replaced
    from elements
),

told as (
    select
        *,
        case
            when tag = 'TrackLimits' then 'looked at'
            when attributes ->> 'Penalty' is not null or given is not null then 'given'
            when served is not null then 'served'
            when replaced is not null then 'replaced'
            else 'unknown'
        end as event,
        coalesce(
            {{ json_text('attributes', 'Driver') }},
            {{ blank_to_null(short_text('coalesce(given[1], served[1], replaced[1])')) }},
            -- any other sentence begins with the name of a driver
            case
                when tag = 'Penalty'
                    then (
                        select names.driver_name
                        from crews
                        cross join lateral jsonb_object_keys(crews.entries) as names (driver_name)
                        where
                            crews.file_id = parsed.file_id
                            and crews.event_session_id = parsed.event_session_id
                            and starts_with(parsed.told, names.driver_name || ' ')
                        order by length(names.driver_name) desc, names.driver_name
                        limit 1
                    )
            end
        ) as driver_name
    from parsed
),

worded as (
    select
        *,
        case event
            when 'looked at' then {{ blank_to_null(short_text('told')) }}
            when 'given' then coalesce({{ json_text('attributes', 'Penalty') }}, {{ short_text('given[2]') }})
            when 'replaced' then replaced[3] || ' ' || replaced[5] || 's'
            when 'unknown'
                then
                    coalesce(
                        {{ unless_pseudonymised(blank_to_null(short_text("substr(told, length(driver_name) + 2)"))) }},
                        'unknown sentence'
                    )
        end as sim_kind,
        case event
            when 'looked at' then tag
            when 'given' then {{ json_text('attributes', 'Reason') }}
            when 'replaced' then replaced[2]
        end as sim_reason,
        case event
            when 'given'
                then coalesce({{ json_int('attributes', 'Time', 0) }}, {{ at_least(to_int('given[3]'), 0) }})
            when 'replaced' then {{ at_least(to_int('replaced[4]'), 0) }}
        end as told_amount,
        {{ json_int('attributes', 'Lap', 0) }} as laps_before,
        coalesce({{ json_id('attributes', 'ID') }}, driver_name) as driver_key
    from told
),

-- A driver serves the oldest first, so the sentences need only be counted. What comes after the end of his race closes
-- the books on what was not served; and a file can begin with one that was given before it.
counted as (
    select
        *,
        count(case when event = 'replaced' then 1 end) over so_far = 0 and event = 'served' as is_service,
        cast(count(case when event = 'given' then 1 end) over so_far as integer) as given_number,
        -- what the sim decided on track limits stands in a Penalty of its own too
        bool_or(event = 'given') over (
            partition by file_id, event_session_id, driver_key
            order by session_time_ms range between 1000 preceding and 1000 following
        ) as is_given_here
    from worded
    window so_far as (partition by file_id, event_session_id, driver_name order by line_number)
),

owed as (
    select
        *,
        count(case when is_service then 1 end) over so_far - given_number as services_too_many
    from counted
    window so_far as (partition by file_id, event_session_id, driver_name order by line_number)
),

matched as (
    select
        *,
        array_agg(session_time_ms) filter (where is_service) over whole as services_ms,
        cast(given_number + greatest(max(services_too_many) over whole, 0) as integer) as service_number
    from owed
    window whole as (
        partition by file_id, event_session_id, driver_name order by line_number
        rows between unbounded preceding and unbounded following
    )
),

placed as (
    select
        matched.*,
        kinds.kind,
        kinds.is_penalty,
        reasons.reason,
        crews.entries -> matched.driver_name as entry,
        matched.event = 'given' and kinds.kind in ('drive_through', 'stop_and_go') as is_to_serve,
        coalesce(matched.service_number <= array_length(matched.services_ms, 1), false) as is_served,
        matched.services_ms[matched.service_number] as served_ms
    from matched
    left join crews
        on matched.file_id = crews.file_id and matched.event_session_id = crews.event_session_id
    left join kinds on matched.sim_kind = kinds.sim_kind
    left join reasons on matched.sim_reason = reasons.sim_reason
    where
        matched.event <> 'served'
        and not (matched.event = 'looked at' and coalesce(kinds.is_penalty, false) and matched.is_given_here)
)

select
    -- ids
    file_id,
    event_session_id,
    entry ->> 'entry_id' as entry_id,
    {{ pseudonymous_id("'driver:name:' || driver_name") }} as entrant_id,
    {{ pseudonymous_id("sim || ':name:' || driver_name") }} as driver_id,
    -- strings
    sim_kind,
    sim_reason,
    kind,
    reason,
    -- numerics
    line_number,
    coalesce(laps_before + 1, {{ rfactor_lap_at('entry', 'session_time_ms') }}) as lap_number,
    case when is_to_serve and is_served then {{ rfactor_lap_at('entry', 'served_ms') }} end as served_lap_number,
    session_time_ms,
    cast(case when kind in ('stop_and_go', 'time') then told_amount end as numeric(10, 3)) as penalty_s,
    case when kind = 'laps' then told_amount end as penalty_laps,
    cast({{ at_least(to_float("attributes ->> 'WarningPoints'"), 0) }} as numeric(8, 2)) as warning_points,
    -- booleans
    is_penalty,
    case when is_to_serve then is_served end as is_served,
    case when kind = 'time' then true end as is_in_race_time,
    coalesce(entry is not null, false) as is_known_entry
from placed

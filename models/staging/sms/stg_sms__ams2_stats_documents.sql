-- The addon ams2_stats tells the same as sms_stats in another shape, and gets that shape here. A session becomes an
-- event by itself, because nothing says which sessions belong together.
with sessions as (
    select
        documents.file_id,
        documents.source_format,
        documents.modified_at,
        sessions.session,
        sessions.place,
        coalesce({{ json_text('sessions.session', 'stage') }}, 'unknown') as stage_name,
        {{ to_timestamp_at(json_text('sessions.session', 'started_at'), var('local_timezone')) }} as started_at,
        {{ to_timestamp_at(json_text('sessions.session', 'finished_at'), var('local_timezone')) }} as finished_at
    from {{ ref('stg_files__documents') }} as documents
    cross join
        lateral
        {{ json_rows("documents.document -> 'sessions'") }} with ordinality as sessions (session, place)
    where documents.source_format = 'ams2_stats_addon_json' and jsonb_typeof(sessions.session) = 'object'
),

shaped as (
    select
        *,
        (
            select
                jsonb_agg(
                    jsonb_build_object(
                        'refid', listed.result -> 'refid',
                        'name', listed.result -> 'name',
                        'is_player', listed.result -> 'is_player',
                        'attributes', jsonb_build_object(
                            'State', listed.result -> 'state',
                            'RacePosition', listed.result -> 'position',
                            'Lap', listed.result -> 'laps_complete',
                            'TotalTime', listed.result -> 'total_time',
                            'FastestLapTime', listed.result -> 'best_lap_time',
                            'VehicleId', listed.result -> 'car'
                        )
                    ) order by listed.line_number
                )
            from {{ json_rows("sessions.session -> 'results'") }} with ordinality as listed (result, line_number)
        ) as results,
        (
            select
                jsonb_agg(
                    jsonb_build_object(
                        'event_name', 'Lap',
                        'refid', drivers.driver -> 'refid',
                        'name', drivers.driver -> 'name',
                        'is_player', drivers.driver -> 'is_player',
                        'attributes', jsonb_build_object(
                            'Lap', laps.lap -> 'lap',
                            'LapTime', laps.lap -> 'time',
                            'Sector1Time', laps.lap -> 's1',
                            'Sector2Time', laps.lap -> 's2',
                            'Sector3Time', laps.lap -> 's3',
                            'RacePosition', laps.lap -> 'position',
                            'CountThisLapTimes', laps.lap -> 'valid'
                        )
                    ) order by drivers.place, laps.place
                )
            from {{ json_rows("sessions.session -> 'drivers'") }} with ordinality as drivers (driver, place)
            cross join lateral {{ json_rows("drivers.driver -> 'laps'") }} with ordinality as laps (lap, place)
        ) as laps,
        (
            select
                jsonb_agg(
                    jsonb_build_object(
                        'RefId', drivers.driver -> 'refid',
                        'SteamID', drivers.driver -> 'steamid',
                        'Name', drivers.driver -> 'name'
                    ) order by drivers.place
                )
            from {{ json_rows("sessions.session -> 'drivers'") }} with ordinality as drivers (driver, place)
        ) as participants
    from sessions
)

select
    file_id,
    source_format,
    jsonb_build_object(
        'history', jsonb_agg(
            jsonb_build_object(
                -- the start by the server's clock: the id does not change with the zone that is set here
                'ams2_stats_uid', case
                    when session ->> 'uid' ~ '^20[0-9]{6}_[0-9]{6}$' then substr(session ->> 'uid', 3)
                end,
                'start_time', floor(extract(epoch from started_at)),
                'setup', session -> 'attrs',
                'participants', participants,
                'stages', jsonb_build_object(
                    stage_name, jsonb_build_object(
                        'end_time', floor(extract(epoch from finished_at)), 'results', results, 'events', laps
                    )
                )
            ) order by place
        )
    ) as stats,
    modified_at
from shaped
group by file_id, source_format, modified_at

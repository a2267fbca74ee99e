with files as (
    select * from {{ ref('stg_files__files') }}
    where source_format = 'iracing_ibt'
),

documents as (
    select documents.*
    from {{ ref('stg_files__file_documents') }} as documents
    inner join files on documents.file_id = files.file_id
),

logs as (
    select
        header.file_id,
        header.content as header,
        session_info.content -> 'WeekendInfo' as weekend,
        session_info.content -> 'DriverInfo' as drivers
    from documents as header
    inner join documents as session_info
        on header.file_id = session_info.file_id and session_info.document_name = 'session_info'
    where header.document_name = 'header'
),

own_cars as (
    select
        logs.file_id,
        listed.driver,
        row_number() over (partition by logs.file_id order by listed.place) as place
    from logs
    cross join lateral {{ json_rows("logs.drivers -> 'Drivers'") }} with ordinality as listed (driver, place)
    where {{ json_text('listed.driver', 'CarIdx') }} = {{ json_text('logs.drivers', 'DriverCarIdx') }}
),

-- of a log that goes on into the next session of the event, no single one can be told
driven as (
    select
        file_id,
        min(event_session_id) as event_session_id
    from {{ ref('stg_iracing__log_parts') }}
    group by file_id
    having count(*) = 1
),

told as (
    select
        logs.file_id,
        -- ids
        {{ json_int('own_cars.driver', 'UserID', 1, 999999999) }} as cust_id,
        {{ json_int('own_cars.driver', 'CarID', 1) }} as car_key,
        nullif({{ json_id('own_cars.driver', 'CarClassID') }}, '0') as car_class_id,
        {{ json_id('logs.weekend', 'TrackID') }} as track_id,
        driven.event_session_id,
        nullif({{ json_id('logs.weekend', 'SubSessionID') }}, '0') as subsession_id,
        nullif({{ json_id('logs.weekend', 'SessionID') }}, '0') as iracing_session_id,
        nullif({{ json_id('logs.weekend', 'SeriesID') }}, '0') as series_id,
        nullif({{ json_id('logs.weekend', 'SeasonID') }}, '0') as season_id,
        nullif({{ json_id('logs.weekend', 'LeagueID') }}, '0') as league_id,
        -- strings
        {{ json_text('own_cars.driver', 'UserName') }} as driver_name,
        {{ json_text('own_cars.driver', 'CarScreenName') }} as car_name,
        {{ json_text('own_cars.driver', 'CarPath') }} as car_path,
        {{ json_text('logs.weekend', 'TrackName') }} as track_path,
        {{ json_text('logs.weekend', 'TrackDisplayName') }} as track_display_name,
        {{ json_text('logs.weekend', 'TrackConfigName') }} as config_name,
        {{ json_text('logs.weekend', 'EventType') }} as session_type,
        {{ json_text('logs.weekend', 'TrackSkies') }} as skies,
        {{ json_text('logs.drivers', 'DriverSetupName') }} as setup_name,
        -- numerics
        {{ to_float("split_part(" ~ json_text('logs.weekend', 'TrackAirTemp') ~ ", ' ', 1)") }} as air_temp_c,
        {{ to_float("split_part(" ~ json_text('logs.weekend', 'TrackSurfaceTemp') ~ ", ' ', 1)") }} as track_temp_c,
        {{ to_float(json_text('logs.drivers', 'DriverCarFuelMaxLtr')) }}
        * coalesce({{ to_float("split_part(" ~ json_text('logs.drivers', 'DriverCarMaxFuelPct') ~ ", ' ', 1)") }}, 1)
            as fuel_capacity_l,
        -- 1 stands for none, as in a test
        {{ json_int('own_cars.driver', 'IRating', 2) }} as irating,
        {{ to_float(json_text('logs.header', 'tick_rate_hz')) }} as sample_rate_hz,
        -- booleans
        {{ to_boolean(json_text("logs.weekend -> 'WeekendOptions'", 'IsFixedSetup')) }} as is_setup_fixed,
        -- timestamps
        to_timestamp({{ at_least(to_bigint(json_text('logs.header', 'started_at')), 1, 4102444800) }}) as logged_at
    from logs
    left join own_cars on logs.file_id = own_cars.file_id and own_cars.place = 1
    left join driven on logs.file_id = driven.file_id
)

select
    file_id,
    -- Mu writes names of files for car and track, and the clock of the computer it runs on
    case
        when logged_at is not null
            then {{ log_key(
                "'iracing_mu_csv'", 'track_path', 'car_path', 'driver_name',
                "cast(cast(logged_at at time zone '" ~ var("local_timezone") ~ "' as date) as text)",
                "cast(cast(logged_at at time zone '" ~ var("local_timezone") ~ "' as time) as text)",
                'session_type'
            ) }}
    end as log_key,
    'iracing:' || cust_id as driver_id,
    'iracing:' || car_key as car_id,
    event_session_id,
    car_class_id,
    track_id,
    subsession_id,
    iracing_session_id,
    series_id,
    season_id,
    league_id,
    driver_name,
    coalesce(car_name, car_path) as car_name,
    coalesce(track_display_name || coalesce(' - ' || config_name, ''), track_path) as track_name,
    session_type,
    skies,
    setup_name,
    -- what no weather and no tank has is not believed
    case when air_temp_c between -100 and 100 then air_temp_c end as air_temp_c,
    case when track_temp_c between -100 and 100 then track_temp_c end as track_temp_c,
    case when fuel_capacity_l between 0.001 and 1000 then fuel_capacity_l end as fuel_capacity_l,
    irating,
    sample_rate_hz,
    is_setup_fixed,
    logged_at
from told

with documents as materialized (
    select * from {{ ref('stg_files__documents') }}
    where source_format = 'acc_entry_list_json'
),

drivers as (
    select
        documents.file_id,
        cast(entries.line_number as integer) as line_number,
        cast(drivers.driver_number - 1 as integer) as driver_index,
        nullif({{ json_id('entries.entry', 'raceNumber') }}, '-1') as car_number,
        {{ json_id('drivers.driver', 'playerID') }} as player_id,
        {{ blank_to_null(
            "regexp_replace(concat_ws(' ', " ~ json_text('drivers.driver', 'firstName') ~ ", "
            ~ json_text('drivers.driver', 'lastName') ~ "), '[[:space:]]+', ' ', 'g')"
        ) }} as driver_name
    from documents
    cross join
        lateral
        {{ json_rows("documents.document -> 'entries'") }} with ordinality as entries (entry, line_number)
    cross join
        lateral
        {{ json_rows("entries.entry -> 'drivers'") }} with ordinality as drivers (driver, driver_number)
)

select
    file_id,
    {{ pseudonymous_id("'acc:' || coalesce(player_id, 'name:' || driver_name)") }} as driver_id,
    {{ pseudonym('driver_name', 'Driver') }} as driver_name,
    car_number,
    line_number,
    driver_index
from drivers

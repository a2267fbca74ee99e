-- materialized, because otherwise each use of a member would parse the document again
with documents as materialized (
    select * from {{ ref('stg_files__documents') }}
    where source_format in ('iracing_standings_json', 'iracing_league_standings_json')
),

files as (
    select * from {{ ref('stg_files__files') }}
    where source_format = 'iracing_standings_csv'
),

-- the rows of a season name none, their index does; of two that name them, the newer
indexes as (
    select
        *,
        row_number() over (
            partition by chunk_file_id order by modified_at desc nulls last, file_id asc, chunk_number asc
        ) as index_rank
    from {{ ref('stg_iracing__chunk_indexes') }}
    where chunk_format = 'iracing_standings_json' and chunk_file_id is not null and season_id is not null
),

of_seasons as (
    select
        documents.file_id,
        coalesce(indexes.file_id, documents.file_id) as list_file_id,
        documents.source_format,
        case
            when indexes.file_id is null then 'iracing:' || {{ document_id('documents.document') }}
            else
                concat_ws(
                    ':', 'iracing:season:' || indexes.season_id, 'class-' || indexes.car_class_key,
                    nullif(indexes.asked_for, '')
                )
        end as standings_id,
        cast(null as {{ dbt.type_string() }}) as league_id,
        indexes.season_id,
        indexes.series_name,
        indexes.car_class_key,
        cast(null as {{ dbt.type_string() }}) as car_key,
        cast(listed.line_number as integer) as line_number,
        {{ json_id('listed.line', 'cust_id') }} as driver_key,
        {{ json_text('listed.line', 'display_name') }} as driver_name,
        {{ json_int('listed.line', 'rank', 1) }} as position,
        {{ json_text('listed.line', 'points') }} as points_text,
        {{ json_int('listed.line', 'wins', 0) }} as wins,
        {{ json_int('listed.line', 'starts', 0) }} as starts,
        cast(null as boolean) as is_of_week,
        false as is_team,
        cast(null as {{ dbt.type_string() }}) as line_fault,
        case when indexes.file_id is null then documents.modified_at else indexes.modified_at end as modified_at
    from documents
    cross join lateral {{ json_rows('documents.document') }} with ordinality as listed (line, line_number)
    left join indexes on documents.file_id = indexes.chunk_file_id and indexes.index_rank = 1
    where documents.source_format = 'iracing_standings_json' and jsonb_typeof(listed.line) = 'object'
),

league_lists as (
    select
        documents.*,
        lists.is_team,
        documents.document #> array['standings', lists.list_name] as entries
    from documents
    cross join (values ('driver_standings', false), ('team_standings', true)) as lists (list_name, is_team)
    where documents.source_format = 'iracing_league_standings_json'
),

of_leagues as (
    select
        league_lists.file_id,
        league_lists.file_id as list_file_id,
        league_lists.source_format,
        -- 0 stands for every class, and for every car
        case
            when {{ json_id('league_lists.document', 'season_id') }} is null
                then 'iracing:' || {{ document_id('league_lists.document') }}
            else
                concat_ws(
                    ':',
                    'iracing:league_season:' || {{ json_id('league_lists.document', 'season_id') }},
                    'class-' || nullif({{ json_id('league_lists.document', 'car_class_id') }}, '0'),
                    'car-' || nullif({{ json_id('league_lists.document', 'car_id') }}, '0')
                )
        end as standings_id,
        {{ json_id('league_lists.document', 'league_id') }} as league_id,
        {{ json_id('league_lists.document', 'season_id') }} as season_id,
        cast(null as {{ dbt.type_string() }}) as series_name,
        nullif({{ json_id('league_lists.document', 'car_class_id') }}, '0') as car_class_key,
        nullif({{ json_id('league_lists.document', 'car_id') }}, '0') as car_key,
        cast(case when league_lists.is_team then 1000000 else 0 end + listed.line_number as integer) as line_number,
        {{ json_id("listed.line -> 'driver'", 'cust_id') }} as driver_key,
        {{ json_text("listed.line -> 'driver'", 'display_name') }} as driver_name,
        {{ json_int('listed.line', 'position', 1) }} as position,
        {{ json_text('listed.line', 'total_points') }} as points_text,
        {{ json_int('listed.line', 'wins', 0) }} as wins,
        cast(null as integer) as starts,
        false as is_of_week,
        league_lists.is_team,
        cast(null as {{ dbt.type_string() }}) as line_fault,
        league_lists.modified_at
    from league_lists
    cross join lateral {{ json_rows('league_lists.entries') }} with ordinality as listed (line, line_number)
    where jsonb_typeof(listed.line) = 'object'
),

cells as (
    select
        file_id,
        source_format,
        line_number,
        {{ id_text(blank_to_null(cell('custid'))) }} as driver_key,
        {{ blank_to_null(cell('name')) }} as driver_name,
        {{ at_least(to_int(cell('position')), 1) }} as position,
        {{ cell('points') }} as points_text,
        {{ at_least(to_int(cell('wins')), 0) }} as wins,
        {{ at_least(to_int(cell('starts')), 0) }} as starts,
        -- a week's list has a column less than a season's, and another in its place
        case
            when array_position(names, 'week') is not null then true
            when array_position(names, 'weekscounted') is not null then false
        end as is_of_week,
        case when cardinality(cells) <> cardinality(names) then 'wrong_number_of_cells' end as line_fault
    from {{ ref('stg_files__result_lines') }}
    where source_format = 'iracing_standings_csv'
),

-- names neither series nor season
of_tables as (
    select
        cells.file_id,
        cells.file_id as list_file_id,
        cells.source_format,
        'iracing:csv-' || coalesce(files.text_id, files.file_id) as standings_id,
        cast(null as {{ dbt.type_string() }}) as league_id,
        cast(null as {{ dbt.type_string() }}) as season_id,
        cast(null as {{ dbt.type_string() }}) as series_name,
        cast(null as {{ dbt.type_string() }}) as car_class_key,
        cast(null as {{ dbt.type_string() }}) as car_key,
        cells.line_number,
        cells.driver_key,
        cells.driver_name,
        cells.position,
        cells.points_text,
        cells.wins,
        cells.starts,
        cells.is_of_week,
        false as is_team,
        cells.line_fault,
        files.modified_at
    from cells
    inner join files on cells.file_id = files.file_id
),

united as (
    select * from of_seasons
    union all
    select * from of_leagues
    union all
    select * from of_tables
)

select
    -- ids
    file_id,
    list_file_id,
    source_format,
    standings_id,
    league_id,
    season_id,
    'iracing:' || car_class_key as car_class_id,
    'iracing:' || car_key as car_id,
    {{ pseudonymous_id("'iracing:' || driver_key") }} as driver_id,
    -- strings
    series_name,
    {{ pseudonym('driver_name', 'Driver') }} as driver_name,
    line_fault,
    -- numerics
    line_number,
    position,
    cast(
        case
            when {{ to_float('points_text') }} between -999999999 and 999999999 then {{ to_float('points_text') }}
        end as numeric(18, 6)
    ) as points,
    wins,
    starts,
    -- booleans
    is_of_week,
    is_team,
    -- lineage
    modified_at
from united

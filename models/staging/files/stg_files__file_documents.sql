-- No CTE here: PostgreSQL computes a CTE that is used twice separately, and would not find single files by an index
select
    cast(documents.file_id as {{ dbt.type_string() }}) as file_id,
    documents.document_number,
    cast(documents.document_name as {{ dbt.type_string() }}) as document_name,
    documents.position,
    -- who asked to be forgotten is struck from logs of others here, so that nothing is made of it
    case
        when
            exists (select 1 from {{ source('raw', 'struck_drivers') }})
            and jsonb_typeof(cast(documents.content as jsonb) #> '{DriverInfo,Drivers}') = 'array'
            then jsonb_set(
                    cast(documents.content as jsonb),
                    '{DriverInfo,Drivers}',
                    (
                        select coalesce(jsonb_agg(listed.driver order by listed.place), cast('[]' as jsonb))
                        from
                            jsonb_array_elements(cast(documents.content as jsonb) #> '{DriverInfo,Drivers}')
                            with ordinality as listed (driver, place)
                        where
                            not exists (
                                select 1
                                from {{ source('raw', 'struck_drivers') }} as struck
                                where struck.driver_id = 'iracing:' || (listed.driver ->> 'UserID')
                            )
                    )
                )
        else cast(documents.content as jsonb)
    end as content,
    cast(documents.original as {{ dbt.type_string() }}) as original,
    documents.data
from {{ source('raw', 'file_documents') }} as documents
where
    documents._dlt_load_id in (
        select loads.load_id from {{ ref('stg_files__loads') }} as loads
    )
    -- a crash between a commit and its record makes dlt write rows a second time
    and not exists (
        select 1
        from {{ source('raw', 'file_documents') }} as repeats
        inner join {{ ref('stg_files__loads') }} as loads on repeats._dlt_load_id = loads.load_id
        where
            repeats.file_id = documents.file_id
            and repeats.document_number = documents.document_number
            and repeats._dlt_id < documents._dlt_id
    )

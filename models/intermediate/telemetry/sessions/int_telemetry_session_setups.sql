with recursive sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where source_format = 'iracing_ibt'
),

documents as (
    select
        sessions.session_id,
        documents.content -> 'CarSetup' as setup
    from sessions
    inner join {{ ref('stg_files__file_documents') }} as documents on sessions.file_id = documents.file_id
    where documents.document_name = 'session_info'
),

-- groups of settings stand in groups, as deep as the car has them
nodes as (
    select
        session_id,
        cast('' as {{ dbt.type_string() }}) as path,
        setup as node
    from documents
    union all
    select
        nodes.session_id,
        concat_ws('/', nullif(nodes.path, ''), members.name) as path,
        members.node
    from nodes
    cross join
        lateral jsonb_each(case when jsonb_typeof(nodes.node) = 'object' then nodes.node end) as members (name, node)
)

select
    session_id,
    {{ short_text('path') }} as setting,
    -- a name with a slash in it could stand for another group
    min({{ short_text("node #>> '{}'") }}) as value
from nodes
where path <> '' and jsonb_typeof(node) <> 'object'
group by session_id, {{ short_text('path') }}

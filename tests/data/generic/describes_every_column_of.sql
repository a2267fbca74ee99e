{#- Columns of a relation that have no entry here, and entries that are no column. An empty run has no entries. -#}
{% test describes_every_column_of(model, of) %}
{%- set columns = adapter.get_columns_in_relation(of) if execute and not flags.EMPTY else [] %}

with relation_columns as (
    select cast(null as {{ dbt.type_string() }}) as column_name
    where false
    {%- for column in columns %}
    union all
    select '{{ column.name }}'
    {%- endfor %}
)

(
    select 'not described' as problem, column_name from relation_columns
    except
    select 'not described', column_name from {{ model }}
)
union all
(
    select 'no such column', column_name from {{ model }}
    except
    select 'no such column', column_name from relation_columns
)

{% endtest %}

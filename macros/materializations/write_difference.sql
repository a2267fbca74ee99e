{% macro write_difference(relation, rows) -%}
    {%- set columns = columns_of(rows) -%}
    {%- set key = key_of(model) -%}
    {%- set same_key -%}
        {% for column in key %}target.{{ column }} = source.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
    {%- endset -%}
    {%- if not config.get('keeps_rows') -%}
        {%- if this.identifier in foreign_keys() | map(attribute='dimension') -%}
            delete from {{ ops_schema() }}.gone_rows where model = '{{ this.identifier }}';
            insert into {{ ops_schema() }}.gone_rows (model, key)
            select '{{ this.identifier }}', {{ row_key('target', key) }}
            from {{ relation }} as target
            where not exists (select 1 from {{ rows }} as source where {{ same_key }});
        {%- else -%}
            delete from {{ relation }} as target
            where not exists (select 1 from {{ rows }} as source where {{ same_key }});
        {%- endif %}
    {%- endif %}
    merge into {{ relation }} as target
    using {{ rows }} as source
    on {{ same_key }}
    when matched and row(target.{{ columns | join(', target.') }}) is distinct from row(source.{{ columns | join(', source.') }})
        then update set
            {% for column in columns %}{{ column }} = source.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    when not matched then insert ({{ columns | join(', ') }}) values (source.{{ columns | join(', source.') }});
{%- endmacro %}

{% macro xml_children(element, tag=none) -%}
    (
        select children.child, children.place
        from {{ json_rows(element ~ " -> 'content'") }} with ordinality as children (child, place)
        where
            jsonb_typeof(children.child) = 'object'
            {%- if tag %} and children.child ->> 'tag' = '{{ tag }}' {%- endif %}
    )
{%- endmacro %}


{% macro xml_text(element) -%}
    case when jsonb_typeof({{ element }} -> 'content' -> 0) = 'string' then {{ element }} -> 'content' ->> 0 end
{%- endmacro %}


{% macro xml_texts(element) -%}
    (
        select jsonb_object_agg(texts.child ->> 'tag', trim(texts.child -> 'content' ->> 0) order by texts.place desc)
        from {{ xml_children(element) }} as texts
        where jsonb_typeof(texts.child -> 'content' -> 0) = 'string'
    )
{%- endmacro %}

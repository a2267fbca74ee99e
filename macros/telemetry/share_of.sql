{% macro share_of(part, whole) -%}
    {{ fixed('case when ' ~ whole ~ ' > 0 then coalesce(' ~ part ~ ', 0) / ' ~ whole ~ ' end', 6, 4) }}
{%- endmacro %}

{% macro to_date(text, date_order) -%}
    {%- set parts = "string_to_array(translate(" ~ text ~ ", '.-', '//'), '/')" -%}
    {%- set is_american -%}
        case
            when cast(({{ parts }})[1] as integer) > 12 then false
            when cast(({{ parts }})[2] as integer) > 12 then true
            when strpos({{ text }}, '.') > 0 then false
            else {{ date_order }} = 'mdy'
        end
    {%- endset -%}
    {%- set iso -%}
        case
            when {{ text }} ~ '^[12][0-9]{3}[/-][0-9]{1,2}[/-][0-9]{1,2}$' then translate({{ text }}, '/', '-')
            -- two digits of a year stand last between points or slashes alone: 14-01-08 may begin with one
            when {{ text }} ~ '^[0-9]{1,2}(([./-])[0-9]{1,2}\2[12][0-9]{3}|([./])[0-9]{1,2}\3[0-9]{2})$'
                then
                    case when length(({{ parts }})[3]) = 2 then '20' else '' end || ({{ parts }})[3] || '-'
                    || case when {{ is_american }} then ({{ parts }})[1] else ({{ parts }})[2] end || '-'
                    || case when {{ is_american }} then ({{ parts }})[2] else ({{ parts }})[1] end
            -- PostgreSQL knows English names of days and months
            when {{ text }} ~* '^([a-z]{3,9},? +)?([a-z]{3,9} +[0-9]{1,2},?|[0-9]{1,2}[ -][a-z]{3,9}[ ,-]) *[12][0-9]{3}$'
                then {{ text }}
        end
    {%- endset -%}
    case when pg_input_is_valid({{ iso }}, 'date') then cast({{ iso }} as date) end
{%- endmacro %}


{% macro to_time(text) -%}
    case
        when {{ text }} ~* '^[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?[ap]m)?$' and pg_input_is_valid({{ text }}, 'time')
            then cast({{ text }} as time)
    end
{%- endmacro %}

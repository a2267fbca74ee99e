{% macro half_even(value) -%} {{ return(adapter.dispatch('half_even')(value)) }} {%- endmacro %}

{% macro postgres__half_even(value) -%} round({{ value }}) {%- endmacro %}

{#- Its round goes away from 0, and rint of Sail as well. -#}
{% macro spark__half_even(value) -%} bround({{ value }}) {%- endmacro %}


{% macro to_whole(value, type) -%} {{ return(adapter.dispatch('to_whole')(value, type)) }} {%- endmacro %}

{% macro postgres__to_whole(value, type) -%} cast({{ value }} as {{ type }}) {%- endmacro %}

{#- A cast of Spark cuts off. -#}
{% macro spark__to_whole(value, type) -%} cast(bround({{ value }}) as {{ type }}) {%- endmacro %}


{% macro is_real(text) -%} {{ return(adapter.dispatch('is_real')(text)) }} {%- endmacro %}

{% macro postgres__is_real(text) -%}
    pg_input_is_valid({{ text }}, 'real') and strpos({{ text }}, 'x') = 0 and strpos({{ text }}, 'X') = 0
{%- endmacro %}

{#- Spark reads 1d as 1 and 0x1p3 as 8. A real holds more than half of its smallest number, and less than half a step above its largest. -#}
{% macro spark__is_real(text) -%}
    {%- set trimmed = _spark_trimmed(text) -%}
    {%- set size = 'abs(try_cast(' ~ trimmed ~ ' as double))' -%}
    case
        when {{ trimmed }} rlike '^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$'
            then
                {{ size }} > 7.006492321624085e-46D and {{ size }} < 3.4028235677973366e38D
                or not {{ trimmed }} rlike '^[^eE]*[1-9]'
        else {{ trimmed }} rlike '^([nN][aA][nN]|[-+]?[iI][nN][fF]([iI][nN][iI][tT][yY])?)$'
    end
{%- endmacro %}

{#- What PostgreSQL passes over beside a number. -#}
{% macro _spark_trimmed(text) -%}
    btrim({{ text }}, concat(' ', chr(9), chr(10), chr(11), chr(12), chr(13)))
{%- endmacro %}


{% macro as_double(text) -%} {{ return(adapter.dispatch('as_double')(text)) }} {%- endmacro %}

{% macro postgres__as_double(text) -%} cast({{ text }} as double precision) {%- endmacro %}

{% macro spark__as_double(text) -%} try_cast({{ _spark_trimmed(text) }} as double) {%- endmacro %}

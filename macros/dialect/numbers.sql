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

{#- Spark reads 1d as 1 and 0x1p3 as 8, and no -nan(ind), as C writes it. A real holds more than half of its smallest number, and less than half a step above its largest. -#}
{% macro spark__is_real(text) -%}
    {%- set trimmed = _spark_trimmed(text) -%}
    {%- set size = 'abs(try_cast(' ~ trimmed ~ ' as double))' -%}
    case
        when {{ trimmed }} rlike '^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$'
            then
                {{ size }} > 7.006492321624085e-46D and {{ size }} < 3.4028235677973366e38D
                or not {{ trimmed }} rlike '^[^eE]*[1-9]'
        else {{ trimmed }} rlike '^[-+]?([nN][aA][nN]([(][0-9A-WYZa-wyz_]*[)])?|[iI][nN][fF]([iI][nN][iI][tT][yY])?)$'
    end
{%- endmacro %}

{#- What PostgreSQL passes over beside a number. -#}
{% macro _spark_trimmed(text) -%}
    btrim({{ text }}, concat(' ', chr(9), chr(10), chr(11), chr(12), chr(13)))
{%- endmacro %}


{% macro as_double(text) -%} {{ return(adapter.dispatch('as_double')(text)) }} {%- endmacro %}

{% macro postgres__as_double(text) -%} cast({{ text }} as double precision) {%- endmacro %}

{#- To Sail a NaN with a sign is another one than a NaN without. -#}
{% macro spark__as_double(text) -%}
    coalesce(
        nanvl(try_cast({{ _spark_trimmed(text) }} as double), cast('nan' as double)),
        case when {{ _spark_trimmed(text) }} rlike '^[-+]?[nN][aA][nN]' then cast('nan' as double) end
    )
{%- endmacro %}


{% macro fixed(value, precision, scale, digits=15) -%} {{ return(adapter.dispatch('fixed')(value, precision, scale, digits)) }} {%- endmacro %}

{% macro postgres__fixed(value, precision, scale, digits) -%} cast({{ value }} as numeric({{ precision }}, {{ scale }})) {%- endmacro %}

{#-
    PostgreSQL goes by 15 digits of a double and 6 of a real: of 1.6249999999999998 two decimals are 1.63. Spark goes by all digits. A half
    of the last of these digits goes to the even one there and away from 0 here, which no decimal that we publish is near enough to show.
-#}
{% macro spark__fixed(value, precision, scale, digits) -%}
    cast(
        get(
            transform(
                array(cast({{ value }} as {{ 'double' if digits > 6 else 'string' }})),
                number -> case
                    {% for whole in range(1, 10) if whole < digits -%}
                        when abs(cast(number as double)) < 1e{{ whole }}D then cast(number as decimal({{ digits + 1 }}, {{ digits - whole }}))
                    {% endfor -%}
                    else cast(number as decimal({{ digits + 1 }}, 0))
                end
            ),
            0
        ) as decimal({{ precision }}, {{ scale }})
    )
{%- endmacro %}


{% macro rounded(value, scale) -%} cast({{ fixed(value, 18, scale) }} as {{ type_double() }}) {%- endmacro %}


{% macro sum_in_order(value, order_by, type) -%} {{ return(adapter.dispatch('sum_in_order')(value, order_by, type)) }} {%- endmacro %}

{% macro postgres__sum_in_order(value, order_by, type) -%} sum({{ value }}) {%- endmacro %}

{#- Rows come to an aggregate of Spark in any order, and a sum of a real is a double. -#}
{% macro spark__sum_in_order(value, order_by, type) -%}
    {%- set item = 'item_' ~ local_md5(value)[:8] -%}
    {%- set type = 'double' if type == 'double precision' else 'float' -%}
    aggregate(
        array_sort(
            collect_list(case when ({{ value }}) is not null then struct({{ order_by }}, {{ value }} as {{ item }}) end)
        ),
        cast(null as {{ type }}),
        (total, one) -> cast(coalesce(total + one.{{ item }}, one.{{ item }}) as {{ type }})
    )
{%- endmacro %}


{% macro mean_in_order(value, order_by) -%} {{ return(adapter.dispatch('mean_in_order')(value, order_by)) }} {%- endmacro %}

{% macro postgres__mean_in_order(value, order_by) -%} avg({{ value }}) {%- endmacro %}

{% macro spark__mean_in_order(value, order_by) -%}
    {{ sum_in_order('cast(' ~ value ~ ' as double)', order_by, 'double precision') }} / nullif(count({{ value }}), 0)
{%- endmacro %}

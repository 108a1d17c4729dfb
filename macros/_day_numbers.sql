{#- A select of the whole numbers from 0 to 9,999, in a column `number`: days of 27 years. -#}
{% macro _day_numbers() -%}
    {%- set digit -%}
        (
            {%- for number in range(10) -%}
            select {{ number }} as digit {{ 'union all ' if not loop.last }}
            {%- endfor -%}
        )
    {%- endset -%}
    select ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit as number
    from {{ digit }} as ones
    cross join {{ digit }} as tens
    cross join {{ digit }} as hundreds
    cross join {{ digit }} as thousands
{%- endmacro %}

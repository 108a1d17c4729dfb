{#- A name for how much: `thresholds` maps each tier to the least value that earns it, in any
    order. Null, or `otherwise`, below the lowest and for a null.
    Like all macros here it is laid out for a column of a CTE, so that compiled SQL reads well. -#}
{% macro tier(column, thresholds, otherwise=none) -%}
    {%- for name, least in thresholds.items() if least is not number -%}
        {{ exceptions.raise_compiler_error(
            "tier(): the threshold of `" ~ name ~ "` is `" ~ least ~ "`, which is not a number."
            ~ " fix: write thresholds as {'gold': 500, 'silver': 200}"
        ) }}
    {%- endfor -%}
    case
        {%- for name, least in thresholds | dictsort(by='value', reverse=true) %}
            when {{ column }} >= {{ least }} then {{ activation._text(name) }}
        {%- endfor %}
        {%- if otherwise is not none %}
            else {{ activation._text(otherwise) }}
        {%- endif %}
        end
{%- endmacro %}

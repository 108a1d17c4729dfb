{#- A name for the range that a number lies in: `edges` are the bounds between the ranges, in any
    order, each the least value of the range above it. [30, 90] makes `under 30`, `30 to under 90`
    and `90 or more`. `labels` names the ranges from the lowest up instead. Null for a null. -#}
{% macro band(column, edges, labels=none) -%}
    {%- for edge in edges if edge is not number -%}
        {{ exceptions.raise_compiler_error(
            "band(): the edge `" ~ edge ~ "` is not a number. fix: write edges as [30, 90]"
        ) }}
    {%- endfor -%}
    {%- if not edges or labels is not none and labels | length != edges | length + 1 -%}
        {{ exceptions.raise_compiler_error(
            "band(): " ~ edges | length ~ " edges need " ~ (edges | length + 1) ~ " labels."
            ~ " fix: give at least one edge, and one label more than there are edges, or none"
        ) }}
    {%- endif -%}
    {%- set edges = edges | sort -%}
    {%- set names = labels or activation._band_names(edges) -%}
    case
        {%- for edge in edges %}
            when {{ column }} < {{ edge }} then {{ activation._text(names[loop.index0]) }}
        {%- endfor %}
            when {{ column }} >= {{ edges | last }} then {{ activation._text(names | last) }}
        end
{%- endmacro %}

{% macro _band_names(edges) -%}
    {%- set names = ['under ' ~ edges | first] -%}
    {%- for edge in edges[1:] -%}
        {%- do names.append(edges[loop.index0] ~ ' to under ' ~ edge) -%}
    {%- endfor -%}
    {%- do names.append(edges | last ~ ' or more') -%}
    {{ return(names) }}
{%- endmacro %}

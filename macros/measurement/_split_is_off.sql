{#- Whether control and treated people are in another proportion than `percent` draws: chi-square
    beyond the bound of a 99 % confidence sequence, so that it may be asked every day. Below ten
    people expected in an arm it is not asked, and the answer is no. -#}
{% macro _split_is_off(treated, control, percent, people) -%}
    {%- set all = '(' ~ treated ~ ' + ' ~ control ~ ')' -%}
    coalesce(
            {{ all }} * {{ percent }} >= 1000
            and {{ all }} * (100 - {{ percent }}) >= 1000
            and {{ activation._split_chi2(treated, control, percent) }}
            > power({{ activation._always_valid_z(all, people) }}, 2),
            false
        )
{%- endmacro %}

{#- How far two arms are from the proportion that was drawn: chi-square with one degree of
    freedom. -#}
{% macro _split_chi2(treated, control, percent) -%}
    {%- set all = '(' ~ treated ~ ' + ' ~ control ~ ')' -%}
    {%- set share = '(' ~ activation._as_double(percent) ~ ' / 100)' -%}
    power({{ control }} - {{ all }} * {{ share }}, 2) / nullif({{ all }} * {{ share }}, 0)
            + power({{ treated }} - {{ all }} * (1 - {{ share }}), 2) / nullif({{ all }} * (1 - {{ share }}), 0)
{%- endmacro %}

{#- A model carries at most `at_most` columns beside its identity. Destinations count traits, people
    can't overlook more, and a wide model changes every day. Returns the columns beyond. -#}
{% test few_traits(model, identity, at_most=15) %}

{%- set names = [] -%}
{%- if execute -%}
    {%- for column in adapter.get_columns_in_relation(model) if column.name | lower != identity -%}
        {%- do names.append(column.name) -%}
    {%- endfor -%}
{%- endif -%}
{{ activation._rows_of(names[at_most:], 'trait') }}

{% endtest %}

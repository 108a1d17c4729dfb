{#- No two rows have the same values in all of these columns; nulls are values too. Returns the
    values and how many rows have them. -#}
{% test unique_together(model, columns) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}

{#- Nobody in this identity column is in one of the other segments. `key` is the identity column
    over there, where it is called otherwise. Returns who is in both, and where. -#}
{% test exclusive_with(model, column_name, others, key=none) %}

{%- set relations = [others] if others is mapping or others is string else others %}
{%- for other in relations %}
select
    here.{{ column_name }} as identity_id,
    {{ activation._text(other.identifier or other) }} as also_in
from {{ model }} as here
inner join {{ other }} as there on here.{{ column_name }} = there.{{ key or column_name }}
{{ 'union all' if not loop.last }}
{%- endfor %}

{% endtest %}

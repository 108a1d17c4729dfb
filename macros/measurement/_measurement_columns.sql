{#- The columns of the model activation__<name> with their kinds, and what they
    are called inside where that is another name. -#}
{% macro _measurement_columns(name) -%}
    {%- set columns = {
        'holdout_people': {
            'holdout': ['text'], 'identity': ['text'], 'arm': ['text'],
            'drawn_percent': ['number'], 'phase': ['integer'], 'announced_people': ['integer'],
            'person_number': ['integer'], 'is_closed': ['boolean'], 'is_kept': ['boolean'],
            'is_reached': ['boolean'], 'reached_by': ['text'], 'reached_in': ['text'],
            'has_outcome': ['boolean'], 'had_outcome': ['boolean'],
            'value': ['number'], 'value_before': ['number'],
            'triggered_at': ['moment'], 'window_ends_at': ['moment'], 'reached_at': ['moment']
        },
        'holdout_days': {
            'holdout': ['text'], 'drawn_percent': ['number'], 'day': ['day'],
            'announced_people': ['integer'], 'treated': ['integer'], 'control': ['integer'],
            'prior': ['integer'], 'excluded': ['integer'], 'treated_so_far': ['integer'],
            'control_so_far': ['integer'], 'is_split_off': ['boolean']
        },
        'lift_strata': {
            'holdout': ['text'], 'reading': ['text'], 'measure': ['text'],
            'drawn_percent': ['number'], 'phase': ['integer'], 'announced_people': ['integer'],
            'is_counted': ['boolean'], 'is_split_off': ['boolean'], 'is_adjusted': ['boolean'],
            'closed1': ['integer'], 'closed0': ['integer'], 'n1': ['integer'], 'n0': ['integer'],
            'reached1': ['integer'], 'reached0': ['integer'], 'x1': ['number'], 'x0': ['number'],
            'm1': ['number'], 'm0': ['number'], 'v1': ['number'], 'v0': ['number'],
            'uncut1': ['number'], 'uncut0': ['number'], 'mx': ['number'], 'mx1': ['number'],
            'mx0': ['number'], 'vx1': ['number'], 'vx0': ['number'], 'c1': ['number'],
            'c0': ['number'], 'theta': ['number'], 'adjusted_m1': ['number'],
            'adjusted_m0': ['number'], 'adjusted_v1': ['number'], 'adjusted_v0': ['number'],
            'cut': ['number'], 'skewness': ['number']
        },
        'lift': {
            'holdout': ['text'], 'reading': ['text'], 'measure': ['text'], 'verdict': ['text'],
            'refusal': ['text'], 'is_test': ['boolean'], 'is_verdict': ['boolean'],
            'treated_people': ['integer', 'n1'], 'control_people': ['integer', 'n0'],
            'treated_outcomes': ['integer', 'x1'], 'control_outcomes': ['integer', 'x0'],
            'treated_mean': ['number'], 'control_mean': ['number'], 'difference': ['number'],
            'lower_limit': ['number'], 'upper_limit': ['number'],
            'relative_difference': ['number'], 'relative_lower': ['number'],
            'relative_upper': ['number'], 'detectable': ['number'],
            'treated_reached': ['integer', 'reached1'], 'control_reached': ['integer', 'reached0'],
            'control_reached_by': ['text'], 'control_reached_in': ['text'],
            'reached_difference': ['number'], 'reached_lower_limit': ['number'],
            'reached_upper_limit': ['number'], 'strata': ['integer'],
            'dropped_strata': ['integer'], 'is_adjusted': ['boolean'], 'cut': ['number'],
            'skewness': ['number'], 'uncut_difference': ['number'],
            'difference_before': ['number'], 'split_off_since': ['day'],
            'announced_people': ['integer'], 'people': ['integer'],
            'open_treated': ['integer', 'open1'], 'open_control': ['integer', 'open0'],
            'drawn_treated': ['integer', 'drawn1'], 'drawn_control': ['integer', 'drawn0'],
            'prior': ['integer'], 'excluded': ['integer'], 'people_a_day': ['number'],
            'as_of': ['moment']
        }
    } -%}
    {{ return(columns[name]) }}
{%- endmacro %}
